"""Training steps in PyTorch, written as its users write them.

`--variant compile` passes the forward pass and the loss (and with them the backward pass) through torch.compile, and
in W8 the optimiser's step; it needs a C++ compiler. `--variant fused` asks for the optimisers' fused kernels.
"""
import torch
from torch import nn, optim
from torch.nn import functional as F

import timing


def benchmarks(options):
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    compiled = torch.compile if options.variant == "compile" else lambda f: f
    fused = options.variant == "fused" or None  # None: as PyTorch chooses, which on a CPU is not fused

    def training(model, loss_of, lr, x, y):
        optimizer = optim.SGD(model.parameters(), lr=lr, fused=fused)
        torch.compiler.reset()  # the workloads share the code of `loss`, which may be compiled only a few times
        loss = compiled(lambda x, y: loss_of(model(x), y))

        def step(x=x, y=y):
            optimizer.zero_grad()
            loss(x, y).backward()
            optimizer.step()
        return step

    def fashion(x=None, y=None):
        model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
        return training(model, F.cross_entropy, 0.1, x, y)

    def w1():
        return fashion(torch.rand(256, 784), torch.randint(10, (256,)))

    def w1_epoch():
        step, images, labels = fashion(), torch.rand(60_000, 784), torch.randint(10, (60_000,))

        def epoch():
            for batch in torch.randperm(60_000).split(256):
                step(images[batch], labels[batch])
        return epoch

    def w2():
        model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
        return training(model, F.mse_loss, 0.01, torch.randn(32, 2), torch.randn(32, 1))

    def w3():
        model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
        return training(model, lambda y, t: 0.5 * (y - t).square().sum(), 0.01, torch.randn(1, 2), torch.randn(1, 1))

    def w8():
        parameters = [nn.Parameter(torch.randn(n)) for n in [10_000_000] + 100 * [1000]]
        for p in parameters:
            p.grad = torch.randn_like(p)
        optimizer = optim.Adam(parameters, lr=1e-3, fused=fused)
        return compiled(optimizer.step)

    return dict(W1_mlp_fashion=w1, W1_epoch=w1_epoch, W2_mlp_tiny=w2, W3_mlp_tiny_b1=w3, W8_adam_10m=w8)


timing.main("pytorch", ["eager", "compile", "fused"], benchmarks)
