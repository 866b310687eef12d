"""Single operations in PyTorch, by the names of `benches/workloads/operations`: `fwd` is the forward pass alone, `fb`
forward and backward. The upstream gradient is all ones, made in the first step."""
from functools import partial

import torch
from torch import linalg
from torch.nn import functional as F

M = 1 << 20


def benchmarks():
    setups = {}
    for name, (shapes, prepare) in operations().items():
        setups[f"{name}/fwd"] = partial(forward, shapes, prepare)
        setups[f"{name}/fb"] = partial(both, shapes, prepare)
    return setups


def forward(shapes, prepare):
    f, inputs = prepare(), [torch.randn(shape) for shape in shapes]

    def step():
        with torch.no_grad():
            f(*inputs)
    return step


def both(shapes, prepare):
    f, leaves = prepare(), [torch.randn(shape, requires_grad=True) for shape in shapes]
    torch.autograd.grad(torch.ones(1, requires_grad=True).sin(), leaves, torch.ones(1), allow_unused=True)  # imports its modules
    ones = None

    def step():
        nonlocal ones
        y = f(*leaves)
        if ones is None:
            ones = torch.ones_like(y)
        # As gradients that wengert returns, these are dropped.
        torch.autograd.grad(y, leaves, ones)
    return step


def operations():
    """{name: (shapes of the inputs, what makes the function of them)}."""
    table = {}

    def add(name, shapes, f):
        table[name] = shapes, lambda: f

    add("add_1m", [(M,)] * 2, torch.add)
    add("badd_1024", [(1024, 1024), (1024,)], torch.add)
    powf = partial(torch.pow, exponent=2.5)
    for name, f in dict(exp=torch.exp, tanh=torch.tanh, powf=powf, gelu=F.gelu, relu=F.relu, dropout=F.dropout).items():
        add(f"{name}_1m", [(M,)], f)

    special = dict(sigmoid=torch.sigmoid, silu=F.silu, mish=F.mish, sin=torch.sin, erf=torch.erf, lgamma=torch.lgamma,
                   digamma=torch.digamma, i0=torch.special.i0, softplus=F.softplus)
    for name, f in special.items():
        add(f"{name}_1m", [(M,)], f)
    for name, f in dict(fmod=torch.fmod, atan2=torch.atan2, hypot=torch.hypot).items():
        add(f"{name}_1m", [(M,)] * 2, f)
    add("glu_1024", [(1024, 1024)], F.glu)

    add("matmul_256x784x256", [(256, 784), (784, 256)], torch.matmul)
    add("matmul_1024", [(1024, 1024)] * 2, torch.matmul)
    for rows in (1, 2, 16):
        add(f"linear_{rows}x1024", [(rows, 1024), (1024, 1024)], F.linear)
    add("bmm_64x128", [(64, 128, 128)] * 2, torch.bmm)
    add("einsum_bhid_bhjd", [(16, 4, 64, 32)] * 2, partial(torch.einsum, "bhid,bhjd->bhij"))
    add("einsum_ij_jk_kl", [(256, 256)] * 3, partial(torch.einsum, "ij,jk,kl->il"))
    add("einsum_bi_bj_ij", [(512, 64)] * 2 + [(64, 64)], partial(torch.einsum, "bi,bj,ij->b"))
    add("cdist_512x64", [(512, 64)] * 2, torch.cdist)

    square = [(1024, 1024)]
    add("sum0_1024", square, lambda x: x.sum(0))
    add("sum1_1024", square, lambda x: x.sum(1))
    add("cumsum0_1024", square, lambda x: x.cumsum(0))
    add("cumsum1_1024", square, lambda x: x.cumsum(1))
    add("softmax_1024x1000", [(1024, 1000)], lambda x: x.softmax(1))
    table["lsmce_1024x1000"] = [(1024, 1000)], lambda: partial(cross_entropy, torch.randint(1000, (1024,)))
    add("layernorm_1024x768", [(1024, 768), (768,), (768,)], lambda x, w, b: F.layer_norm(x, (768,), w, b))
    add("rmsnorm_1024x768", [(1024, 768), (768,)], lambda x, w: F.rms_norm(x, (768,), w, 1e-5))
    image = (16, 64, 32, 32)
    add("batchnorm_64x32", [image, (64,), (64,)], lambda x, w, b: F.batch_norm(x, None, None, w, b, True))
    add("groupnorm_64x32", [image, (64,), (64,)], lambda x, w, b: F.group_norm(x, 8, w, b))

    add("norm3_1024", square, lambda x: x.norm(3, 1))
    add("var1_1024", square, lambda x: x.var(1))
    add("amax1_1024", square, lambda x: x.amax(1))
    add("logsumexp0_1024", square, lambda x: x.logsumexp(0))
    add("cummax1_1024", square, lambda x: x.cummax(1)[0])
    add("prod_8", [(1 << 17, 8)], lambda x: x.prod(1))

    add("transpose_1024", square, lambda x: x.t().contiguous())
    add("flip_1024", square, lambda x: x.flip(1))
    add("roll_1024", square, lambda x: x.roll((3, 5), (0, 1)))
    add("cat0_1024", square * 2, lambda x, y: torch.cat([x, y], 0))
    add("cat1_1024", square * 2, lambda x, y: torch.cat([x, y], 1))
    add("tril_1024", square, torch.tril)
    add("pad_64x32", [image], lambda x: F.pad(x, (1, 1, 1, 1)))
    add("windows_64x512", [(16, 64, 512)], lambda x: x.unfold(2, 8, 4).contiguous())
    table["index_select1_1024"] = square, lambda: partial(index_select, torch.randint(1024, (1024,)))
    table["scatter_add0_1024"] = square * 2, lambda: partial(scatter_add, torch.randint(1024, (1024, 1024)))
    add("cross_100k", [(100_000, 3)] * 2, lambda x, y: linalg.cross(x, y, dim=1))
    add("outer_1024", [(1024,)] * 2, torch.outer)
    add("bmul_64x32", [image, (64, 1, 1)], torch.mul)

    add("median_1024", square, lambda x: x.median(1)[0])
    add("sort_1024", square, lambda x: x.sort(1)[0])
    add("topk8_1024", square, lambda x: x.topk(8, 1)[0])
    table["gather_1024"] = square, lambda: partial(gather, torch.randint(1024, (1024, 1024)))
    table["index_add_4096"] = [(1024, 256), (4096, 256)], lambda: partial(index_add, torch.randint(1024, (4096,)))
    table["embedding_50k"] = [(50_000, 64)], lambda: partial(F.embedding, torch.randint(50_000, (64, 64)))

    def conv(name, x, weight, padding, groups=1):
        add(name, [x, weight], lambda x, w: F.conv2d(x, w, padding=padding, groups=groups))
    for c, s in (64, 32), (128, 16), (256, 8), (512, 4):
        conv(f"conv2d_{c}c3", (16, c, s, s), (c, c, 3, 3), 1)
    conv("conv2d_64c1", image, (64, 64, 1, 1), 0)
    conv("conv2d_64dw3", image, (64, 1, 3, 3), 1, 64)
    conv("conv2d_lenet1", (64, 1, 28, 28), (6, 1, 5, 5), 2)
    conv("conv2d_lenet2", (64, 6, 14, 14), (16, 6, 5, 5), 0)
    add("maxpool2d_64x32", [image], lambda x: F.max_pool2d(x, 2))
    add("conv2d_64c3s2", [image, (64, 64, 3, 3)], lambda x, w: F.conv2d(x, w, stride=2, padding=1))
    add("conv2d_64c3d2", [image, (64, 64, 3, 3)], lambda x, w: F.conv2d(x, w, padding=2, dilation=2))
    add("conv1d_64c5", [(16, 64, 512), (64, 64, 5)], lambda x, w: F.conv1d(x, w, padding=2))
    add("conv3d_16c3", [(4, 16, 16, 16, 16), (16, 16, 3, 3, 3)], lambda x, w: F.conv3d(x, w, padding=1))
    transposed = partial(F.conv_transpose2d, stride=2, padding=1)
    add("conv_transpose2d_64c4s2", [image, (64, 32, 4, 4)], transposed)
    add("avgpool2d_64x32", [image], lambda x: F.avg_pool2d(x, 2))
    add("adaptive_avgpool_64x32", [image], lambda x: F.adaptive_avg_pool2d(x, 1))
    for mode in "nearest", "bilinear":
        add(f"{mode}_64x32", [image], partial(F.interpolate, scale_factor=2, mode=mode))

    table["lstm_64x32"] = recurrent(torch.lstm, 512, 2)
    table["gru_64x32"] = recurrent(torch.gru, 384, 1)
    add("attention_64x32", [(16, 4, 64, 32)] * 3, F.scaled_dot_product_attention)
    add("attention_1024x64", [(1, 8, 1024, 64)] * 3, F.scaled_dot_product_attention)

    for n in 16, 128, 512:
        table[f"solve_{n}"] = [(n, n)] * 2, partial(near, n, False, linalg.solve)
        table[f"inv_{n}"] = [(n, n)], partial(near, n, False, linalg.inv)
        table[f"cholesky_{n}"] = [(n, n)], partial(near, n, True, linalg.cholesky)
        table[f"eigh_{n}"] = [(n, n)], partial(near, n, True, lambda a: linalg.eigh(a)[1])
        add(f"svd_{n}", [(n, n)], lambda a: linalg.svd(a, full_matrices=False)[0])
    return table


def cross_entropy(classes, x):
    return F.cross_entropy(x, classes)


def gather(places, x):
    return x.gather(1, places)


def index_add(rows, x, y):
    return x.index_add(0, rows, y)


def index_select(columns, x):
    return x.index_select(1, columns)


def scatter_add(places, x, y):
    return x.scatter_add(0, places, y)


def recurrent(f, width, states):
    """One layer over [time, batch, features], from states of zeros."""
    zeros = tuple(torch.zeros(1, 32, 128) for _ in range(states))
    state = zeros if states > 1 else zeros[0]
    shapes = [(64, 32, 64), (width, 64), (width, 128), (width,), (width,)]
    run = lambda x, *weights: f(x * 0.1, state, weights, True, 1, 0.0, True, False, False)[0]
    return shapes, lambda: run


def near(n, symmetric, f):
    """A function of matrices near one that is far from singular."""
    a = torch.eye(n) * 2 * n**0.5
    if symmetric:
        a = torch.randn(n, n)
        a = a @ a.T / n + torch.eye(n)
    return lambda x, *others: f(a + x * 1e-3, *others)
