"""Writes a Llama of random float32 weights, to time steps on. Usage: random-llama.py OUT HIDDEN MLP BLOCKS"""
import json
import os
import sys

import numpy as np

out, hidden, mlp, blocks = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
vocabulary, head = 8192, 64
random = np.random.default_rng(0)
shapes = {"model.embed_tokens.weight": (vocabulary, hidden), "model.norm.weight": (hidden,)}
for i in range(blocks):
    layer = f"model.layers.{i}."
    for name in "qkvo":
        shapes[f"{layer}self_attn.{name}_proj.weight"] = (hidden, hidden)
    for name, shape in (("gate", (mlp, hidden)), ("up", (mlp, hidden)), ("down", (hidden, mlp))):
        shapes[f"{layer}mlp.{name}_proj.weight"] = shape
    for name in ("input", "post_attention"):
        shapes[f"{layer}{name}_layernorm.weight"] = (hidden,)

header, at = {}, 0
for name, shape in shapes.items():
    size = 4 * int(np.prod(shape))
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
    at += size
os.makedirs(out, exist_ok=True)
with open(f"{out}/model.safetensors", "wb") as file:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for name, shape in shapes.items():
        values = np.ones(shape) if len(shape) == 1 else 0.02 * random.standard_normal(shape)
        file.write(values.astype("<f4").tobytes())
with open(f"{out}/config.json", "w") as file:
    json.dump({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": hidden, "intermediate_size": mlp,
        "num_hidden_layers": blocks, "num_attention_heads": hidden // head, "num_key_value_heads": hidden // head, "head_dim": head,
        "vocab_size": vocabulary, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
        "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False}, file)
