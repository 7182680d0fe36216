"""Limitations that are measured on the very model: stereotypes, toxicity of what it writes, what it learnt by heart."""
