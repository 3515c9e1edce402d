"""What each family computes, in float64 and numpy, for tests of variants that no fixture has.

    reference.py variants.json OUT    writes a tiny random checkpoint of each, and expected.safetensors beside it
    reference.py --check FOLDER...    prints how far it is from the logits in expected.safetensors of each folder
"""
import glob, json, math, os, struct, sys
import numpy as np

TYPES = {"F32": np.float32, "F16": np.float16, "I64": np.int64, "U8": np.uint8}


def read(path):
    data = open(path, "rb").read()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name == "__metadata__":
            continue
        first, last = (start + offset for offset in entry["data_offsets"])
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(data[first:last], np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(data[first:last], TYPES[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"])
    return tensors


def write(path, tensors):
    spelling = {np.dtype(kind): name for name, kind in TYPES.items()}
    header, blob = {}, b""
    for name, values in tensors.items():
        begin = len(blob)
        blob += values.tobytes()
        header[name] = {"dtype": spelling[values.dtype], "shape": list(values.shape), "data_offsets": [begin, len(blob)]}
    text = json.dumps(header).encode()
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + blob)


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


SIGMOIDS = ("glm4_moe", "deepseek_v3")

ACTIVATIONS = {
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
    "gelu_new": gelu_tanh,
    "gelu_fast": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "quick_gelu": lambda x: x / (1 + np.exp(-1.702 * x)),
    "relu": lambda x: np.maximum(x, 0),
    "relu2": lambda x: np.maximum(x, 0) ** 2,
    "tanh": np.tanh,
}


def frequencies(settings, head, longest, tokens, beside=None):
    """Of each pair, and what multiplies cosines and sines."""
    kind, base = settings.get("rope_type", settings.get("type", "default")), settings["rope_theta"]
    turned = int(head * settings.get("partial_rotary_factor", 1))
    exponents, factor = np.arange(0, turned, 2) / turned, settings.get("factor")
    original = beside or settings.get("original_max_position_embeddings") or longest
    if kind == "dynamic":
        base *= (factor * max(tokens, longest) / longest - (factor - 1)) ** (turned / (turned - 2))
    plain = base**-exponents
    if kind == "linear":
        return plain / factor, 1
    if kind == "llama3":
        waves, low, high = 2 * math.pi / plain, settings["low_freq_factor"], settings["high_freq_factor"]
        smooth = (original / waves - low) / (high - low)
        mixed = (1 - smooth) * plain / factor + smooth * plain
        return np.where(waves > original / low, plain / factor, np.where(waves < original / high, plain, mixed)), 1
    if kind == "longrope":
        factor = factor or longest / original
        scale = settings.get("attention_factor") or (1 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(original)))
        return plain / np.array(settings["long_factor" if tokens > original else "short_factor"]), scale
    if kind == "yarn":
        def length(scale):
            return 1 if factor <= 1 else 0.1 * scale * math.log(factor) + 1

        def pair(turns):
            return turned * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(base))

        scale, whole = settings.get("mscale"), settings.get("mscale_all_dim")
        scale = settings.get("attention_factor") or (length(scale) / length(whole) if scale and whole else length(1))
        low, high = pair(settings.get("beta_fast", 32)), pair(settings.get("beta_slow", 1))
        if settings.get("truncate", True):
            low, high = math.floor(low), math.ceil(high)
        low, high = max(low, 0), min(high, turned - 1)
        slowed = np.clip((np.arange(turned // 2) - low) / (high - low or 0.001), 0, 1)
        return plain * (1 - slowed + slowed / factor), scale
    return plain, 1


def turn(x, speed, scale, neighbours=False):
    count = len(speed)
    if neighbours:
        both = x[..., : 2 * count]
        pairs = (both[..., 0::2] + 1j * both[..., 1::2]) * np.exp(1j * np.outer(np.arange(x.shape[2]), speed)) * scale
        return np.concatenate([np.stack([pairs.real, pairs.imag], -1).reshape(both.shape), x[..., 2 * count :]], -1)
    angles = np.outer(np.arange(x.shape[2]), np.concatenate([speed, speed]))
    first, second, rest = x[..., :count], x[..., count : 2 * count], x[..., 2 * count :]
    both = np.concatenate([first, second], -1) * np.cos(angles) + np.concatenate([-second, first], -1) * np.sin(angles)
    return np.concatenate([both * scale, rest], -1)


def slopes(count):
    """Of each head, as in the paper's own code."""
    def of(power):
        start = 2 ** (-(2 ** -(math.log2(power) - 3)))
        return [start * start**i for i in range(power)]

    power = 2 ** math.floor(math.log2(count))
    return of(power) + of(2 * power)[0::2][: count - power]


def attend(query, key, value, scale, window=None, cap=None, alibi=False, sinks=None):
    repeats, tokens = query.shape[1] // key.shape[1], query.shape[2]
    scores = query @ np.repeat(key, repeats, 1).swapaxes(2, 3) * scale
    if cap is not None:
        scores = cap * np.tanh(scores / cap)
    if alibi:
        scores = scores + np.array(slopes(query.shape[1]))[:, None, None] * np.arange(tokens)
    distance = np.arange(tokens)[:, None] - np.arange(tokens)
    scores[..., (distance < 0) | (distance >= (window or tokens))] = -np.inf
    other = np.full((query.shape[1], 1, 1), -np.inf) if sinks is None else sinks[:, None, None]
    largest = np.maximum(scores.max(-1, keepdims=True), other)
    weights = np.exp(scores - largest)
    mixed = weights / (weights.sum(-1, keepdims=True) + np.exp(other - largest)) @ np.repeat(value, repeats, 1)
    return mixed.swapaxes(1, 2).reshape(len(query), tokens, -1)


def heads(x, count):
    return x.reshape(*x.shape[:2], count, -1).swapaxes(1, 2)


class Model:
    """Tensors by name: those of a file, or random ones that are made when they are first asked for."""

    def __init__(self, config, tensors=None, seed=0):
        self.config, self.tensors, self.random = config, {} if tensors is None else dict(tensors), tensors is None
        self.generator = np.random.default_rng(seed)

    def get(self, name, default=None):
        return self.config.get(name, default)

    def tensor(self, name, *shape, scale=1.0, middle=0.0):
        if self.random and name not in self.tensors:
            self.tensors[name] = (middle + scale * self.generator.standard_normal(shape)).astype(np.float32)
        return self.tensors[name].astype(np.float64)

    def linear(self, x, name, rows, bias=False, stored=False):
        columns = x.shape[-1]
        shape = (columns, rows) if stored else (rows, columns)
        weight = self.tensor(name + ".weight", *shape, scale=1.2 / math.sqrt(columns))
        product = x @ (weight if stored else weight.T)
        return product + self.tensor(name + ".bias", rows, scale=0.3) if bias else product

    def norm(self, x, name, epsilon, layer=False, one=False, bias=True):
        if layer:
            x = x - x.mean(-1, keepdims=True)
        weight = self.tensor(name + ".weight", x.shape[-1], scale=0.3, middle=0 if one else 1)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * (weight + 1 if one else weight)
        return x + self.tensor(name + ".bias", x.shape[-1], scale=0.3) if layer and bias else x

    def head(self, x, embedding, name, tied, bias=False):
        logits = x @ (embedding if tied else self.tensor(name, *embedding.shape, scale=1.2 / math.sqrt(x.shape[-1]))).T
        return logits + self.tensor(name.replace("weight", "bias"), len(embedding), scale=0.3) if bias else logits

    def logits(self, ids):
        family = self.config["model_type"]
        return getattr(self, family if family in ("gpt2", "gpt_neox", "opt", "bloom", "gptj", "falcon", "phi") else "llama")(ids)

    def opt(self, ids):
        width, count, bias = self.config["hidden_size"], self.config["num_attention_heads"], self.get("enable_bias", True)
        embedding = self.tensor("model.decoder.embed_tokens.weight", self.config["vocab_size"], width, scale=0.5)
        places = self.tensor("model.decoder.embed_positions.weight", self.get("max_position_embeddings", 2048) + 2, width, scale=0.3)
        x, act = embedding[ids] + places[2 : 2 + ids.shape[1]], ACTIVATIONS[self.get("activation_function", "relu")]
        for block in range(self.config["num_hidden_layers"]):
            prefix = f"model.decoder.layers.{block}."
            read = self.norm(x, prefix + "self_attn_layer_norm", 1e-5, layer=True)
            parts = (heads(self.linear(read, f"{prefix}self_attn.{part}_proj", width, bias), count) for part in "qkv")
            x = x + self.linear(attend(*parts, (width // count) ** -0.5), prefix + "self_attn.out_proj", width, bias)
            read = self.norm(x, prefix + "final_layer_norm", 1e-5, layer=True)
            x = x + self.linear(act(self.linear(read, prefix + "fc1", self.config["ffn_dim"], bias)), prefix + "fc2", width, bias)
        x = self.norm(x, "model.decoder.final_layer_norm", 1e-5, layer=True)
        return self.head(x, embedding, "lm_head.weight", self.get("tie_word_embeddings", True))

    def bloom(self, ids):
        width, count = self.get("n_embed") or self.config["hidden_size"], self.get("n_head") or self.config["num_attention_heads"]
        epsilon = self.get("layer_norm_epsilon", 1e-5)
        embedding = self.tensor("transformer.word_embeddings.weight", self.config["vocab_size"], width, scale=0.5)
        x = self.norm(embedding[ids], "transformer.word_embeddings_layernorm", epsilon, layer=True)
        for block in range(self.config["n_layer"]):
            prefix = f"transformer.h.{block}."
            read = self.norm(x, prefix + "input_layernorm", epsilon, layer=True)
            fused = heads(self.linear(read, prefix + "self_attention.query_key_value", 3 * width, True), count)
            mixed = attend(*np.split(fused, 3, -1), (width // count) ** -0.5, alibi=True)
            x = x + self.linear(mixed, prefix + "self_attention.dense", width, True)
            read = self.norm(x, prefix + "post_attention_layernorm", epsilon, layer=True)
            inner = gelu_tanh(self.linear(read, prefix + "mlp.dense_h_to_4h", 4 * width, True))
            x = x + self.linear(inner, prefix + "mlp.dense_4h_to_h", width, True)
        x = self.norm(x, "transformer.ln_f", epsilon, layer=True)
        return self.head(x, embedding, "lm_head.weight", self.get("tie_word_embeddings", True))

    def gptj(self, ids):
        width, count, epsilon = self.config["n_embd"], self.config["n_head"], self.get("layer_norm_epsilon", 1e-5)
        turned = self.get("rotary_dim", 64)
        speed, act = 10000.0 ** (-np.arange(0, turned, 2) / turned), ACTIVATIONS[self.get("activation_function", "gelu_new")]
        embedding = self.tensor("transformer.wte.weight", self.config["vocab_size"], width, scale=0.5)
        x = embedding[ids]
        for block in range(self.config["n_layer"]):
            prefix = f"transformer.h.{block}."
            read = self.norm(x, prefix + "ln_1", epsilon, layer=True)
            query, key, value = (heads(self.linear(read, f"{prefix}attn.{part}_proj", width), count) for part in "qkv")
            mixed = attend(turn(query, speed, 1, True), turn(key, speed, 1, True), value, (width // count) ** -0.5)
            inner = act(self.linear(read, prefix + "mlp.fc_in", self.get("n_inner") or 4 * width, True))
            x = x + self.linear(mixed, prefix + "attn.out_proj", width) + self.linear(inner, prefix + "mlp.fc_out", width, True)
        x = self.norm(x, "transformer.ln_f", epsilon, layer=True)
        return self.head(x, embedding, "lm_head.weight", self.get("tie_word_embeddings", False), bias=True)

    def falcon(self, ids):
        width, count, epsilon = self.config["hidden_size"], self.config["num_attention_heads"], self.get("layer_norm_epsilon", 1e-5)
        size, bias, new = width // count, self.get("bias", False), self.get("new_decoder_architecture", False)
        groups = self.get("num_kv_heads") or count if new else 1 if self.get("multi_query", True) else count
        settings = dict(self.get("rope_scaling") or self.get("rope_parameters") or {})
        settings.setdefault("rope_theta", self.get("rope_theta", 10000.0))
        speed, scale = frequencies(settings, size, self.get("max_position_embeddings", 2048), ids.shape[1])
        embedding = self.tensor("transformer.word_embeddings.weight", self.config["vocab_size"], width, scale=0.5)
        x, act = embedding[ids], ACTIVATIONS[self.get("activation", "gelu")]
        for block in range(self.config["num_hidden_layers"]):
            prefix = f"transformer.h.{block}."
            two = new and (self.get("num_ln_in_parallel_attn") or 2) == 2
            read = self.norm(x, prefix + ("ln_attn" if two else "input_layernorm"), epsilon, layer=True)
            fused = self.linear(read, prefix + "self_attention.query_key_value", (count + 2 * groups) * size, bias)
            fused = fused.reshape(*ids.shape, groups, count // groups + 2, size)
            query = fused[..., :-2, :].reshape(*ids.shape, count, size).swapaxes(1, 2)
            key, value = (fused[..., part, :].swapaxes(1, 2) for part in (-2, -1))
            mixed = attend(turn(query, speed, scale), turn(key, speed, scale), value, size**-0.5)
            mixed = self.linear(mixed, prefix + "self_attention.dense", width, bias)
            if two:
                read = self.norm(x, prefix + "ln_mlp", epsilon, layer=True)
            elif not self.get("parallel_attn", True):
                read = self.norm(x + mixed, prefix + "post_attention_layernorm", epsilon, layer=True)
            inner = act(self.linear(read, prefix + "mlp.dense_h_to_4h", self.get("ffn_hidden_size") or 4 * width, bias))
            x = x + mixed + self.linear(inner, prefix + "mlp.dense_4h_to_h", width, bias)
        x = self.norm(x, "transformer.ln_f", epsilon, layer=True)
        return self.head(x, embedding, "lm_head.weight", self.get("tie_word_embeddings", True))

    def phi(self, ids):
        width, count, epsilon = self.config["hidden_size"], self.config["num_attention_heads"], self.get("layer_norm_eps", 1e-5)
        groups, size = self.get("num_key_value_heads") or count, width // count
        settings = dict(self.get("rope_scaling") or self.get("rope_parameters") or {})
        settings.setdefault("rope_theta", self.get("rope_theta", 10000.0))
        settings.setdefault("partial_rotary_factor", self.get("partial_rotary_factor", 0.5))
        speed, scale = frequencies(settings, size, self.get("max_position_embeddings", 2048), ids.shape[1])
        embedding = self.tensor("model.embed_tokens.weight", self.config["vocab_size"], width, scale=0.5)
        x, act = embedding[ids], ACTIVATIONS[self.get("hidden_act", "gelu_new")]
        for block in range(self.config["num_hidden_layers"]):
            prefix = f"model.layers.{block}."
            read = self.norm(x, prefix + "input_layernorm", epsilon, layer=True)
            parts = []
            for part in "qkv":
                here = groups if part in "kv" else count
                parts.append(heads(self.linear(read, f"{prefix}self_attn.{part}_proj", here * size, True), here))
                if part in "qk" and self.get("qk_layernorm"):
                    parts[-1] = self.norm(parts[-1], f"{prefix}self_attn.{part}_layernorm", epsilon, layer=True)
            mixed = attend(turn(parts[0], speed, scale), turn(parts[1], speed, scale), parts[2], size**-0.5)
            inner = act(self.linear(read, prefix + "mlp.fc1", self.config["intermediate_size"], True))
            x = x + self.linear(mixed, prefix + "self_attn.dense", width, True) + self.linear(inner, prefix + "mlp.fc2", width, True)
        x = self.norm(x, "model.final_layernorm", epsilon, layer=True)
        return self.head(x, embedding, "lm_head.weight", self.get("tie_word_embeddings", False), bias=True)

    def gpt2(self, ids):
        width, count, epsilon = self.config["n_embd"], self.config["n_head"], self.get("layer_norm_epsilon", 1e-5)
        embedding = self.tensor("transformer.wte.weight", self.config["vocab_size"], width, scale=0.5)
        x = embedding[ids] + self.tensor("transformer.wpe.weight", self.config["n_positions"], width, scale=0.3)[: ids.shape[1]]
        act = ACTIVATIONS[self.get("activation_function", "gelu_new")]
        for block in range(self.config["n_layer"]):
            prefix = f"transformer.h.{block}."
            fused = self.linear(self.norm(x, prefix + "ln_1", epsilon, layer=True), prefix + "attn.c_attn", 3 * width, True, True)
            scale = (width // count) ** -0.5 if self.get("scale_attn_weights", True) else 1
            scale /= block + 1 if self.get("scale_attn_by_inverse_layer_idx") else 1
            mixed = attend(*(heads(part, count) for part in np.split(fused, 3, -1)), scale)
            x = x + self.linear(mixed, prefix + "attn.c_proj", width, True, True)
            inner = self.norm(x, prefix + "ln_2", epsilon, layer=True)
            inner = act(self.linear(inner, prefix + "mlp.c_fc", self.get("n_inner") or 4 * width, True, True))
            x = x + self.linear(inner, prefix + "mlp.c_proj", width, True, True)
        x = self.norm(x, "transformer.ln_f", epsilon, layer=True)
        return self.head(x, embedding, "lm_head.weight", self.get("tie_word_embeddings", True))

    def gpt_neox(self, ids):
        width, count, epsilon = self.config["hidden_size"], self.config["num_attention_heads"], self.get("layer_norm_eps", 1e-5)
        size, bias = width // count, self.get("attention_bias", True)
        embedding = self.tensor("gpt_neox.embed_in.weight", self.config["vocab_size"], width, scale=0.5)
        settings = dict(self.get("rope_scaling") or self.get("rope_parameters") or {})
        settings.setdefault("rope_theta", self.get("rotary_emb_base", 10000))
        settings.setdefault("partial_rotary_factor", self.get("rotary_pct", 0.25))
        speed, scale = frequencies(settings, size, self.get("max_position_embeddings", 2048), ids.shape[1])
        act, x = ACTIVATIONS[self.get("hidden_act", "gelu")], embedding[ids]
        for block in range(self.config["num_hidden_layers"]):
            prefix = f"gpt_neox.layers.{block}."
            fused = self.norm(x, prefix + "input_layernorm", epsilon, layer=True)
            fused = heads(self.linear(fused, prefix + "attention.query_key_value", 3 * width, bias), count)
            query, key, value = np.split(fused, 3, -1)
            mixed = attend(turn(query, speed, scale), turn(key, speed, scale), value, size**-0.5)
            mixed = self.linear(mixed, prefix + "attention.dense", width, bias)
            read = x if self.get("use_parallel_residual", True) else x + mixed
            inner = self.norm(read, prefix + "post_attention_layernorm", epsilon, layer=True)
            inner = act(self.linear(inner, prefix + "mlp.dense_h_to_4h", self.config["intermediate_size"], True))
            x = x + mixed + self.linear(inner, prefix + "mlp.dense_4h_to_h", width, True)
        x = self.norm(x, "gpt_neox.final_layer_norm", epsilon, layer=True)
        return self.head(x, embedding, "embed_out.weight", self.get("tie_word_embeddings", False))

    def windows(self, family, blocks):
        window = self.get("sliding_window", None if family in ("phi3", "starcoder2", "smollm3", "mixtral") else 4096)
        kinds = self.get("layer_types")
        if family in ("mistral", "phi3", "starcoder2", "mixtral") or (family == "ministral" and not kinds):
            return [window] * blocks
        if family in ("qwen2", "qwen3") and self.get("use_sliding_window"):
            slides = [block >= self.get("max_window_layers", 28) for block in range(blocks)]
        elif family in ("gemma2", "gemma3_text"):
            period = 2 if family == "gemma2" else self.get("sliding_window_pattern", 6)
            slides = [(block + 1) % period > 0 for block in range(blocks)]
        elif family == "cohere2" or (family == "exaone4" and window and not kinds):
            slides = [(block + 1) % self.get("sliding_window_pattern", 4) > 0 for block in range(blocks)]
        elif family == "smollm3" and self.get("use_sliding_window"):
            slides = [not turned for turned in self.turned(family, [None] * blocks)]
        elif family not in ("ministral", "exaone4", "gpt_oss"):
            return [None] * blocks
        elif not kinds:
            return [None] * blocks
        if kinds:
            slides = [kind == "sliding_attention" for kind in kinds]
        return [window if slide else None for slide in slides]

    def turned(self, family, windows):
        """Whether each block's queries and keys are."""
        if family == "cohere2" or (family == "exaone4" and self.get("sliding_window", 4096)):
            return [window is not None for window in windows]
        if family == "smollm3":
            interval = self.get("no_rope_layer_interval", 4)
            return self.get("no_rope_layers") or [(block + 1) % interval > 0 for block in range(len(windows))]
        return [True] * len(windows)

    def rotations(self, family, size, tokens, windows):
        longest = self.get("max_position_embeddings", {"gemma3_text": 131072, "phi3": 4096, "nemotron": 4096}.get(family, 2048))
        if family == "gemma3_text":
            kinds = {kind: dict((self.get("rope_parameters") or {}).get(kind, {})) for kind in ("full_attention", "sliding_attention")}
            kinds["full_attention"].update(self.get("rope_scaling") or {})
            kinds["full_attention"].setdefault("rope_theta", self.get("rope_theta", 1e6))
            kinds["sliding_attention"].setdefault("rope_theta", self.get("rope_local_base_freq", 1e4))
            full, sliding = (frequencies(kind, size, longest, tokens) for kind in kinds.values())
            return [full if window is None else sliding for window in windows]
        settings = dict(self.get("rope_scaling") or self.get("rope_parameters") or {})
        settings.setdefault("rope_theta", self.get("rope_theta", {"cohere": 500000.0, "smollm3": 2000000.0, "mixtral": 1e6}.get(family, 10000.0)))
        part = {"nemotron": 0.5, "glm4": 0.5, "glm4_moe": 0.5, "stablelm": 0.25}.get(family, 1)
        settings.setdefault("partial_rotary_factor", self.get("partial_rotary_factor", part))
        if family == "phi3" and settings.get("rope_type", settings.get("type")) in ("su", "yarn"):
            settings["rope_type"] = "longrope"
        beside = self.get("original_max_position_embeddings", 4096 if family == "phi3" else None)
        return [frequencies(settings, size, longest, tokens, beside)] * len(windows)

    def is_mixture(self, block):
        family = self.config["model_type"]
        if family in ("qwen2_moe", "qwen3_moe"):
            return block not in (self.get("mlp_only_layers") or []) and (block + 1) % self.get("decoder_sparse_step", 1) == 0
        return family in ("mixtral", "olmoe", "granitemoe", "gpt_oss") or \
            (family in SIGMOIDS and block >= self.get("first_k_dense_replace", 1))

    def mixture(self, x, prefix, act):
        """All experts of all tokens; those that were not chosen count nothing."""
        family, width, per = self.config["model_type"], x.shape[-1], self.config["num_experts_per_tok"]
        count = self.get("num_experts") or self.get("num_local_experts") or self.get("n_routed_experts")
        inner = self.get("moe_intermediate_size") or self.config["intermediate_size"]
        mlp = prefix + ("block_sparse_moe." if family in ("mixtral", "granitemoe") else "mlp.")
        router = mlp + {"granitemoe": "router.layer", "gpt_oss": "router"}.get(family, "gate")
        scores = self.linear(x, router, count, family == "gpt_oss")
        sigmoids = family in SIGMOIDS
        scores = 1 / (1 + np.exp(-scores)) if sigmoids else np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
        choice = scores + self.tensor(router + ".e_score_correction_bias", count, scale=0.1) if sigmoids else scores
        parts = self.get("n_group", 1)
        if parts > 1:
            grouped = choice.reshape(*choice.shape[:-1], parts, -1)
            order = np.argsort(-np.sort(grouped, -1)[..., -2:].sum(-1), -1)
            grouped = grouped.copy()
            np.put_along_axis(grouped, order[..., self.get("topk_group", 1) :, None], 0.0, -2)
            choice = grouped.reshape(choice.shape)
        best = np.argsort(-choice, -1)[..., :per]
        weights = np.zeros_like(scores)
        np.put_along_axis(weights, best, np.take_along_axis(scores, best, -1), -1)
        if self.get("norm_topk_prob", sigmoids) or family in ("mixtral", "granitemoe", "gpt_oss"):
            weights /= weights.sum(-1, keepdims=True)
        weights *= self.get("routed_scaling_factor", 2.5 if family == "deepseek_v3" else 1)
        total = 0

        def gated(folder, size, names=("gate_proj", "up_proj", "down_proj")):
            gate, up = (self.linear(x, folder + name, size) for name in names[:2])
            return self.linear(act(gate) * up, folder + names[2], width)

        for expert in range(count):
            if family == "granitemoe":
                both = x @ self.tensor(mlp + "input_linear.weight", count, 2 * inner, width, scale=width**-0.5)[expert].T
                gate, up = np.split(both, 2, -1)
                output = (act(gate) * up) @ self.tensor(mlp + "output_linear.weight", count, width, inner, scale=inner**-0.5)[expert].T
            elif family == "gpt_oss":
                limit, slope = self.get("swiglu_limit", 7.0), self.get("swiglu_alpha", 1.702)
                both = x @ self.tensor(mlp + "experts.gate_up_proj", count, width, 2 * inner, scale=width**-0.5)[expert]
                both = both + self.tensor(mlp + "experts.gate_up_proj_bias", count, 2 * inner)[expert]
                gate, up = np.minimum(both[..., 0::2], limit), np.clip(both[..., 1::2], -limit, limit)
                output = (up + 1) * gate / (1 + np.exp(-slope * gate))
                output = output @ self.tensor(mlp + "experts.down_proj", count, inner, width, scale=inner**-0.5)[expert]
                output = output + self.tensor(mlp + "experts.down_proj_bias", count, width)[expert]
            else:
                names = (("w1", "w3", "w2"),) if family == "mixtral" else ()
                output = gated(f"{mlp}experts.{expert}.", inner, *names)
            total = total + weights[..., expert : expert + 1] * output
        if family == "qwen2_moe":
            gate = 1 / (1 + np.exp(-self.linear(x, mlp + "shared_expert_gate", 1)))
            total = total + gate * gated(mlp + "shared_expert.", self.config["shared_expert_intermediate_size"])
        if sigmoids and self.get("n_shared_experts", 1):
            total = total + gated(mlp + "shared_experts.", self.get("n_shared_experts", 1) * inner)
        return total

    def latents(self, x, prefix, rotation):
        """Queries, keys and values of few channels, of which a part is turned; and what multiplies the scores."""
        count, plain, turned = (self.config[name] for name in ("num_attention_heads", "qk_nope_head_dim", "qk_rope_head_dim"))
        rank, values, bias = self.config["kv_lora_rank"], self.config["v_head_dim"], self.get("attention_bias", False)
        neighbours, size = self.get("rope_interleave", True), plain + turned
        if self.get("q_lora_rank"):
            query = self.linear(x, prefix + "q_a_proj", self.config["q_lora_rank"], bias)
            query = self.linear(self.norm(query, prefix + "q_a_layernorm", 1e-6), prefix + "q_b_proj", count * size)
        else:
            query = self.linear(x, prefix + "q_proj", count * size)
        query = heads(query, count)
        both = self.linear(x, prefix + "kv_a_proj_with_mqa", rank + turned, bias)
        few = self.norm(both[..., :rank], prefix + "kv_a_layernorm", 1e-6)
        own = heads(self.linear(few, prefix + "kv_b_proj", count * (plain + values)), count)
        shared = np.repeat(turn(heads(both[..., rank:], 1), *rotation, neighbours), count, 1)
        query = np.concatenate([query[..., :plain], turn(query[..., plain:], *rotation, neighbours)], -1)
        settings = self.get("rope_scaling") or self.get("rope_parameters") or {}
        stretch = 0.1 * (settings.get("mscale_all_dim") or 0) * math.log(max(settings.get("factor", 1), 1)) + 1
        return [query, np.concatenate([own[..., :plain], shared], -1), own[..., plain:]], size**-0.5 * stretch**2

    def llama(self, ids):
        family, width, count = self.config["model_type"], self.config["hidden_size"], self.config["num_attention_heads"]
        groups, blocks = self.get("num_key_value_heads") or count, self.config["num_hidden_layers"]
        size = self.get("qk_rope_head_dim") or self.get("head_dim") or width // count
        inner_width, latent = self.config["intermediate_size"], family == "deepseek_v3"
        gemma, four = family.startswith("gemma"), family in ("gemma2", "gemma3_text")
        cohere, after = family in ("cohere", "cohere2"), family in ("olmo2", "exaone4")
        layer = cohere or family in ("nemotron", "stablelm", "starcoder2")
        parallel = cohere or (family == "stablelm" and self.get("use_parallel_residual"))
        bias = {"qwen2": True, "mistral": False, "phi3": False, "exaone4": False, "ministral": False, "mixtral": False}
        bias = bias.get(family)
        if bias is None:
            key = {"stablelm": "use_qkv_bias", "starcoder2": "use_bias", "qwen2_moe": "qkv_bias"}.get(family, "attention_bias")
            bias = self.get(key, family in ("glm4", "seed_oss", "starcoder2", "qwen2_moe", "gpt_oss"))
        out_bias = self.get("attention_out_bias", False) if family == "seed_oss" else bias and family not in ("qwen2", "glm4", "stablelm", "qwen2_moe", "glm4_moe")
        mlp_bias = self.get("mlp_bias", False) and family in ("llama", "granite", "nemotron", "smollm3", "seed_oss")
        mlp_bias = bias if family == "starcoder2" else mlp_bias
        rough = layer or family in ("olmo2", "phi3", "exaone4", "mixtral", "olmoe", "gpt_oss", "glm4_moe")
        epsilon = {"glm4": 1.5625e-7}.get(family, 1e-5 if rough else 1e-6)
        for key in ("rms_norm_eps", "norm_eps", "norm_epsilon", "layer_norm_eps"):
            epsilon = self.get(key, epsilon)
        act = self.get("hidden_activation" if four else "hidden_act")
        tanh = gemma or family == "starcoder2"
        act = ACTIVATIONS[act or ("gelu_pytorch_tanh" if tanh else "relu2" if family == "nemotron" else "silu")]
        windows = self.windows(family, blocks)
        rotations, turned = self.rotations(family, size, ids.shape[1], windows), self.turned(family, windows)
        scale = self.get("attention_multiplier", 1) if family.startswith("granite") else size**-0.5
        scale = self.get("query_pre_attn_scalar", 256) ** -0.5 if four else scale
        cap = self.get("attn_logit_softcapping", 50 if family == "gemma2" else None) if four else None
        multiplier = self.get("residual_multiplier", 1)

        def norm(x, name):
            return self.norm(x, name, epsilon, layer, one=gemma or family == "nemotron", bias=not cohere)

        embedding = self.tensor("model.embed_tokens.weight", self.config["vocab_size"], width, scale=0.15 if gemma else 0.5)
        x = embedding[ids] * (math.sqrt(width) if gemma else self.get("embedding_multiplier", 1))
        for block in range(blocks):
            prefix, rows = f"model.layers.{block}.", (count * size, groups * size, groups * size)
            read = x if after else norm(x, prefix + "input_layernorm")
            if latent:
                parts, scale = self.latents(read, prefix + "self_attn.", rotations[block])
            elif family == "phi3":
                parts = np.split(self.linear(read, prefix + "self_attn.qkv_proj", sum(rows)), np.cumsum(rows)[:2], -1)
            else:
                parts = [self.linear(read, f"{prefix}self_attn.{part}_proj", rows[i], bias) for i, part in enumerate("qkv")]
            names = (prefix + "self_attn.q_norm", prefix + "self_attn.k_norm")
            if family in ("olmo2", "olmoe"):
                parts[:2] = (norm(part, name) for part, name in zip(parts, names))
            parts = parts if latent else [heads(part, groups if i else count) for i, part in enumerate(parts)]
            if family in ("qwen3", "gemma3_text", "exaone4", "qwen3_moe") or (family == "glm4_moe" and self.get("use_qk_norm")):
                parts[:2] = (norm(part, name) for part, name in zip(parts, names))
            if turned[block] and not latent:
                parts[:2] = (turn(part, *rotations[block], cohere or family == "glm4") for part in parts[:2])
            sinks = self.tensor(prefix + "self_attn.sinks", count) if family == "gpt_oss" else None
            mixed = attend(*parts, scale, windows[block], cap, sinks=sinks)
            mixed = self.linear(mixed, prefix + "self_attn.o_proj", width, out_bias)
            if family == "glm4":
                mixed = norm(mixed, prefix + "post_self_attn_layernorm")
            x = x + multiplier * (norm(mixed, prefix + "post_attention_layernorm") if four or after else mixed)
            if not parallel:
                read = x if after else norm(x, prefix + ("pre_feedforward" if four else "post_attention") + "_layernorm")
            if self.is_mixture(block):
                x = x + multiplier * self.mixture(read, prefix, act)
                continue
            if family in ("phi3", "glm4"):
                gate, up = np.split(self.linear(read, prefix + "mlp.gate_up_proj", 2 * inner_width), 2, -1)
            else:
                name, plain = ("c_fc" if family == "starcoder2" else "up_proj"), family in ("nemotron", "starcoder2")
                up = self.linear(read, f"{prefix}mlp.{name}", inner_width, mlp_bias)
                gate = None if plain else self.linear(read, prefix + "mlp.gate_proj", inner_width, mlp_bias)
            inner = act(up) if gate is None else act(gate) * up
            inner = self.linear(inner, prefix + ("mlp.c_proj" if family == "starcoder2" else "mlp.down_proj"), width, mlp_bias)
            if family == "glm4":
                inner = norm(inner, prefix + "post_mlp_layernorm")
            x = x + multiplier * (norm(inner, prefix + "post_feedforward_layernorm") if four or after else inner)
        x = norm(x, "model.norm")
        tied = self.get("tie_word_embeddings", gemma or cohere or family in ("starcoder2", "smollm3"))
        logits = self.head(x, embedding, "lm_head.weight", tied) / self.get("logits_scaling", 1)
        logits *= self.get("logit_scale", 0.0625) if cohere else 1
        cap = self.get("final_logit_softcapping", 30 if family == "gemma2" else None) if four else None
        return logits if cap is None else cap * np.tanh(logits / cap)


if sys.argv[1] == "--check":
    for folder in sys.argv[2:]:
        config = json.load(open(f"{folder}/config.json"))
        tensors = {name: values for path in glob.glob(f"{folder}/model*.safetensors") for name, values in read(path).items()}
        expected = read(f"{folder}/expected.safetensors")
        print(np.abs(Model(config, tensors).logits(expected["input_ids"]) - expected["logits"]).max())
else:
    for number, (name, config) in enumerate(json.load(open(sys.argv[1])).items()):
        folder = os.path.join(sys.argv[2], name)
        os.makedirs(folder)
        model = Model(config, seed=number)
        ids = model.generator.integers(0, config["vocab_size"], (2, 24))
        logits = model.logits(ids)
        json.dump(config, open(f"{folder}/config.json", "w"))
        write(f"{folder}/model.safetensors", model.tensors)
        write(f"{folder}/expected.safetensors", {"input_ids": ids.astype(np.int64), "logits": logits.astype(np.float32)})
