"""Whether digits and letters can be an identity number of a state: dates, check digits, rules of issue.

Every function takes the number without spaces and marks, letters as capitals, in its state's shape.
"""

from curate.personal.checksums import is_date, luhn, mod_11_2, mod_11_10, some_date, verhoeff, weighted

LATE = (2020, 10)
"""Year and month from which Korea gives out numbers without a check digit."""


def korean_date(number: str) -> bool:
    """Birth date and the digit of century and sex."""
    century = 2000 if number[6] in "3478" else 1900
    return is_date(century + int(number[:2]), number[2:4], number[4:6])


def korean(number: str) -> bool:
    """… and the check digit; foreigners' by another constant; none for births since October 2020."""
    if not korean_date(number):
        return False
    born = (2000 + int(number[:2]), int(number[2:4]))
    left = 11 - weighted(number, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11
    return int(number[12]) in (left % 10, (left + 2) % 10) or (number[6] in "3478" and born >= LATE)


def american(number: str) -> bool:
    """No area 000, 666 or from 900 on, but for the taxpayer numbers' groups; no group 00, no serial 0000."""
    area, group, serial = int(number[:3]), int(number[3:5]), int(number[5:])
    if number in ("078051120", "219099999"):  # printed in wallets and on posters
        return False
    if area >= 900:
        return serial > 0 and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or group >= 94)
    return area not in (0, 666) and group > 0 and serial > 0


def spanish(number: str) -> bool:
    """The letter is that of the number modulo 23; X, Y and Z before a foreigner's stand for 0, 1, 2."""
    digits = str("XYZ".find(number[0])) + number[1:-1] if number[0] in "XYZ" else number[:-1]
    return number[-1] == "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23]


def french(number: str) -> bool:
    """97 less the number modulo 97; Corsica's 2A and 2B count as 19 and 18."""
    digits = number.replace("2A", "19").replace("2B", "18")
    month = int(digits[3:5])
    return (
        digits.isdigit()
        and (1 <= month <= 12 or 20 <= month <= 42 or month >= 50)
        and (97 - int(digits[:13]) % 97 == int(digits[13:]))
    )


_ODD = dict(zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21), strict=True)) | dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)


def italian(number: str) -> bool:
    """Codice fiscale: month letter, day, and the check letter (decreto ministeriale 23 December 1976)."""
    day = int(number[9:11])
    if number[8] not in "ABCDEHLMPRST" or not (1 <= day <= 31 or 41 <= day <= 71):
        return False
    total = sum(_ODD[sign] for sign in number[:15:2])
    total += sum(int(sign) if sign.isdigit() else ord(sign) - 65 for sign in number[1:15:2])
    return number[15] == chr(65 + total % 26)


def _two_checks(number: str, first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Two digits modulo 11, a remainder of 10 written as 0; the second counts the first."""
    place = len(first)
    for weights, at in ((first, place), (second, place + 1)):
        if weighted(number, weights) * 10 % 11 % 10 != int(number[at]):
            return False
    return len(set(number)) > 1


def brazilian(number: str) -> bool:
    """CPF."""
    return _two_checks(number, tuple(range(10, 1, -1)), tuple(range(11, 1, -1)))


def brazilian_firm(number: str) -> bool:
    """CNPJ."""
    weights = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    return _two_checks(number, weights, (6, *weights))


def chinese(number: str) -> bool:
    """Region, birth date, ISO 7064 mod 11-2."""
    year = int(number[6:10])
    return (
        number[:2] >= "11"
        and 1880 <= year <= 2100
        and is_date(year, number[10:12], number[12:14])
        and mod_11_2(number[:17]) == number[17]
    )


def indian(number: str) -> bool:
    """Aadhaar: Verhoeff."""
    return number[0] > "1" and verhoeff(number)


def dutch(number: str) -> bool:
    """BSN, the eleven test: weights 9 to 2, and −1."""
    return weighted(number, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 and int(number) > 0


def polish(number: str) -> bool:
    """PESEL: birth date, whose century is added to the month, and a check digit."""
    century, month = divmod(int(number[2:4]), 20)
    years = (1900, 2000, 2100, 2200, 1800)
    checked = -weighted(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10 == int(number[10])
    return checked and is_date(years[century] + int(number[:2]), month, number[4:6])


def finnish(number: str) -> bool:
    """Birth date, century sign, and the check sign: nine digits modulo 31. The sign `-` or `+` is not given."""
    digits = number[:6] + number[-4:-1]
    return (
        digits.isdigit()
        and some_date(_both(number[4:6]), number[2:4], number[:2])
        and number[-1] == "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(digits) % 31]
    )


def _both(year: str) -> tuple[int, int]:
    return 1900 + int(year), 2000 + int(year)


def british(number: str) -> bool:
    """National Insurance number: prefixes that are given out (HMRC, NIM39110), suffix A to D."""
    prefix = number[:2]
    never = prefix in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")
    return not never and prefix[0] not in "DFIQUV" and prefix[1] not in "DFIOQUV"


def british_health(number: str) -> bool:
    """NHS number: modulo 11."""
    left = 11 - weighted(number, tuple(range(10, 1, -1))) % 11
    return left % 11 == int(number[9]) and left != 10 and len(set(number)) > 1


def swedish(number: str) -> bool:
    """Birth date, the day plus 60 for coordination numbers, and Luhn."""
    century, number = number[:-10], number[-10:]
    day = int(number[4:6])
    return (
        century in ("", "18", "19", "20")
        and some_date(_both(number[:2]), number[2:4], day - 60 if day > 60 else day)
        and luhn(number)
    )


def danish(number: str) -> bool:
    """CPR: a birth date; check digits are no longer given."""
    return some_date(_both(number[4:6]), number[2:4], number[:2])


def norwegian(number: str) -> bool:
    """Birth date, the day plus 40 for D numbers, and two check digits."""
    day = int(number[:2])
    return (
        some_date(_both(number[4:6]), number[2:4], day - 40 if day > 40 else day)
        and weighted(number, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
        and weighted(number, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def icelandic(number: str) -> bool:
    """Kennitala: birth date, check digit, century."""
    return (
        number[9] in "890"
        and some_date(_both(number[4:6]), number[2:4], number[:2])
        and weighted(number, (3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def czech(number: str) -> bool:
    """Rodné číslo: birth date, the month plus 50 for women, and a multiple of 11."""
    month = int(number[2:4]) % 50
    return some_date(_both(number[:2]), month % 20, number[4:6]) and int(number) % 11 == 0


def belgian(number: str) -> bool:
    """97 less nine digits modulo 97, with a 2 before them for births since 2000."""
    check = int(number[9:])
    return check in (97 - int(number[:9]) % 97, 97 - int("2" + number[:9]) % 97)


def german(number: str) -> bool:
    """Tax identification number: one digit twice or three times among the first ten, and ISO 7064 mod 11-10."""
    most = max(number[:10].count(digit) for digit in "0123456789")
    return 2 <= most <= 3 and mod_11_10(number)


def austrian(number: str) -> bool:
    """Social insurance number: the fourth digit checks serial and birth date."""
    return weighted(number[:3] + number[4:], (3, 7, 9, 5, 8, 4, 2, 1, 6)) % 11 == int(number[3])


def swiss(number: str) -> bool:
    """AHV number: the check digit of EAN-13."""
    return weighted(number, (1, 3) * 6 + (1,)) % 10 == 0


def portuguese(number: str) -> bool:
    """NIF: modulo 11."""
    left = 11 - weighted(number, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return number[0] in "1235689" and int(number[8]) == (left if left < 10 else 0)


def romanian(number: str) -> bool:
    """CNP: birth date and a check digit."""
    check = weighted(number, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return some_date((*_both(number[1:3]), 1800 + int(number[1:3])), number[3:5], number[5:7]) and (
        int(number[12]) == (1 if check == 10 else check)
    )


def bulgarian(number: str) -> bool:
    """EGN: birth date, the month plus 20 or 40 by century, and a check digit."""
    month = int(number[2:4]) % 20
    return some_date((*_both(number[:2]), 1800 + int(number[:2])), month, number[4:6]) and weighted(
        number, (2, 4, 8, 5, 10, 9, 7, 3, 6)
    ) % 11 % 10 == int(number[9])


def croatian(number: str) -> bool:
    """OIB: ISO 7064 mod 11-10."""
    return mod_11_10(number)


def baltic(number: str) -> bool:
    """Of Estonia and Lithuania: birth date and a check digit in two rounds."""
    years = (1800 + int(number[1:3]), *_both(number[1:3]))
    check = weighted(number, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = weighted(number, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return some_date(years, number[3:5], number[5:7]) and int(number[10]) == check


def russian(number: str) -> bool:
    """СНИЛС: nine digits by weights 9 to 1, modulo 101, 100 written as 00."""
    return weighted(number, (9, 8, 7, 6, 5, 4, 3, 2, 1)) % 101 % 100 == int(number[9:])


def turkish(number: str) -> bool:
    """T.C. kimlik no: two check digits."""
    odd, even = sum(map(int, number[:9:2])), sum(map(int, number[1:8:2]))
    return (odd * 7 - even) % 10 == int(number[9]) and sum(map(int, number[:10])) % 10 == int(number[10])


def israeli(number: str) -> bool:
    """Luhn."""
    return luhn(number) and int(number) > 0


def south_african(number: str) -> bool:
    """Birth date, citizenship 0 or 1, Luhn."""
    return number[10] in "012" and some_date(_both(number[:2]), number[2:4], number[4:6]) and luhn(number)


def canadian(number: str) -> bool:
    """SIN: Luhn, no 0 or 8 in front."""
    return number[0] not in "08" and luhn(number)


def mexican(number: str) -> bool:
    """CURP: birth date and a check digit."""
    signs = "0123456789ABCDEFGHIJKLMN_OPQRSTUVWXYZ"  # Ñ stands where the mark does
    total = sum((18 - place) * signs.index(sign) for place, sign in enumerate(number[:17]))
    return some_date(_both(number[4:6]), number[6:8], number[8:10]) and -total % 10 == int(number[17])


def chilean(number: str) -> bool:
    """RUT: weights 2 to 7 from the right, modulo 11, 10 written as K."""
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(number[:-1])))
    return "0123456789K0"[11 - total % 11 if total % 11 else 0] == number[-1]


def argentine(number: str) -> bool:
    """CUIT: modulo 11."""
    return -weighted(number, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11 == int(number[10])


def australian(number: str) -> bool:
    """Tax file number: a multiple of 11 by weights 1, 4, 3, 7, 5, 8, 6, 9, 10."""
    return weighted(number, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def japanese(number: str) -> bool:
    """My Number: modulo 11, remainders 0 and 1 written as 0."""
    left = weighted(number, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return int(number[11]) == (0 if left <= 1 else 11 - left)


def taiwanese(number: str) -> bool:
    """The letter as two digits, weights 1, 9 to 1, 1; a multiple of 10."""
    letter = 10 + "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(number[0])
    return (letter // 10 + weighted(str(letter % 10) + number[1:], (9, 8, 7, 6, 5, 4, 3, 2, 1, 1))) % 10 == 0


def hong_kong(number: str) -> bool:
    """Identity card: weights 9 to 1 over two letters (the first may be blank, 36), digits and check; modulo 11."""
    values = [int(sign, 36) for sign in number[:-1]]
    values = [36, *values] if len(values) == 7 else values
    check = 10 if number[-1] == "A" else int(number[-1])
    return (sum(weight * value for weight, value in zip(range(9, 1, -1), values, strict=True)) + check) % 11 == 0


def singaporean(number: str) -> bool:
    """NRIC and FIN: weights 2, 7, 6, 5, 4, 3, 2, and letters by the first one."""
    total = weighted(number[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(number[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "M": "KLJNPQRTUWX"}.get(number[0], "XWUTRQPNMLK")
    place = 10 - total % 11 if number[0] == "M" else total % 11
    return number[8] == letters[place]


def thai(number: str) -> bool:
    """Weights 13 to 2, modulo 11."""
    return (11 - weighted(number, tuple(range(13, 1, -1))) % 11) % 10 == int(number[12])


def irish(number: str) -> bool:
    """PPS number: weights 8 to 2 and 9 for a second letter, modulo 23."""
    second = ord(number[8]) - 64 if len(number) == 9 and number[8] != "W" else 0
    return number[7] == "WABCDEFGHIJKLMNOPQRSTUV"[(weighted(number[:7], (8, 7, 6, 5, 4, 3, 2)) + 9 * second) % 23]
