"""Documents in several languages that FineWeb-2's rules keep: deterministic, and no two alike."""

import random

WORDS = {
    "de": "der die das und nicht mit von ist auf ein eine für sich dem Lehrer Brücke Haus Garten Dorf Bahnhof Brief Winter "
    "Stadt Fenster Morgen schreibt findet sucht geht kleine alte langsam gestern wieder Wasser Straße Kinder Bücher öffnet",
    "fr": "le la les de et dans un une pour que est sur avec professeur pont maison jardin village gare lettre hiver ville "
    "fenêtre matin écrit trouve cherche marche petite vieux lentement hier encore rivière rue enfants livres ouvre voisine",
    "es": "el la los de y en un una para que es por con maestro puente casa jardín pueblo estación carta invierno ciudad "
    "ventana mañana escribe encuentra busca camina pequeña viejo despacio ayer todavía río calle niños libros abre vecina",
    "ru": "и в не на что с как по это он из для учитель мост дом сад деревня вокзал письмо зима город окно утро пишет "
    "находит ищет идёт маленький старый медленно вчера снова река улица дети книги открывает соседка хорошо",
    "ko": "선생님은 다리를 집에서 정원이 마을의 역에서 편지를 겨울이 도시는 창문을 아침에 썼다 찾았다 걸었다 작은 오래된 천천히 "
    "어제 다시 강가에 거리를 아이들이 책을 열었다 이웃은 바다로 그림을 시장에 친구와 노래를 있다 하늘을 산에서 의사는",
    "zh": "老师 大桥 房子 花园 村庄 车站 书信 冬天 城市 窗户 早上 的 在 是 了 和 人 也 他 有 找到 寻找 走路 很小 古老 慢慢 昨天 "
    "河边 街道 孩子 打开 邻居 大海 市场 朋友 天空 高山 医生",
    "ja": "先生は 橋を 家で 庭が 村の 駅から 手紙を 冬が 町は 窓を 朝に 書いた 見つけた 歩いた 小さい 古い ゆっくり 昨日 また 川に "
    "通りを 子供たちが 本を 開けた 隣の 海へ 絵を 市場に 友達と 歌を 空を 山から 医者は いる",
}


def document(language: str, seed: int, sentences: int = 16, words: int = 11) -> str:
    """Paragraphs of four sentences of words in any order, another one for every seed."""
    chance = random.Random(f"{language}{seed}")
    gap, stop = ("", "。") if language in ("zh", "ja") else (" ", ".")
    made = [gap.join(chance.sample(WORDS[language].split(), words)) + stop for _ in range(sentences)]
    made = [sentence[0].upper() + sentence[1:] for sentence in made]
    return "\n".join(gap.join(made[place : place + 4]) for place in range(0, sentences, 4))
