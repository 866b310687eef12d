"""Training steps in PyTorch, written as its users write them.

`--variant compile` passes the forward pass and the loss (and with them the backward pass) through torch.compile, and
in W8 the optimiser's step; it needs a C++ compiler. `--variant fused` asks for the optimisers' fused kernels,
`--variant foreach` for those over lists of tensors, of the updates alone, `--variant last` for channels last in memory,
with fused kernels.
"""
from functools import partial

import torch
from torch import nn, optim
from torch.nn import functional as F

import timing
import torch_operations


def benchmarks(options):
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    compiled = torch.compile if options.variant == "compile" else lambda f: f
    fused = options.variant in ("fused", "last") or None  # None: as PyTorch chooses, which on a CPU is not fused

    def training(model, loss_of, optimizer, x, y, **arguments):
        optimizer = optimizer(model.parameters(), fused=fused, **arguments)
        torch.compiler.reset()  # the workloads share the code of `loss`, which may be compiled only a few times
        loss = compiled(lambda x, y: loss_of(model(x), y))

        def step(x=x, y=y):
            optimizer.zero_grad()
            loss(x, y).backward()
            optimizer.step()
        return step

    def fashion(x=None, y=None):
        model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
        return training(model, F.cross_entropy, optim.SGD, x, y, lr=0.1)

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
        return training(model, F.mse_loss, optim.SGD, torch.randn(32, 2), torch.randn(32, 1), lr=0.01)

    def w3():
        model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
        half = lambda y, t: 0.5 * (y - t).square().sum()
        return training(model, half, optim.SGD, torch.randn(1, 2), torch.randn(1, 1), lr=0.01)

    def images(model, *shape):
        x, y = torch.rand(*shape), torch.randint(10, shape[:1])
        if options.variant == "last":  # the layout that its convolutions on a CPU prefer for wide layers
            model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
        return training(model, F.cross_entropy, optim.SGD, x, y, lr=0.01, momentum=0.9)

    def w4(n=64):
        return images(nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
            n, 1, 28, 28)

    def w5():
        layers, channels = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()], 64
        for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
            layers += [Block(channels, width, stride), Block(width, width, 1)]
            channels = width
        return images(nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10)), 16, 3, 32, 32)

    def w6(batch=32, steps=64, features=64, hidden=128):
        x, y = torch.randn(batch, steps, features), torch.randint(10, (batch,))
        return training(LastState(features, hidden), F.cross_entropy, optim.Adam, x, y, lr=1e-3)

    def w7(batch=16, steps=64, features=128, heads=4, hidden=512):
        x, y = torch.randn(batch, steps, features), torch.randint(10, (batch,))
        return training(MeanState(features, heads, hidden), F.cross_entropy, optim.AdamW, x, y, lr=1e-3)

    def w9():
        model = nn.Sequential(nn.Linear(1024, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1024))
        return training(model, F.mse_loss, optim.Adam, torch.randn(512, 1024), torch.randn(512, 1024), lr=1e-4)

    def w10(n=32):
        model = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 16), nn.Tanh(), nn.Linear(16, 4))
        return training(model, F.mse_loss, optim.Adam, torch.randn(n, 4), torch.randn(n, 4), lr=1e-3)

    def w11():
        model = nn.Sequential(nn.Linear(24, 8), nn.Tanh(), nn.Linear(8, 2)).double()
        x, y = torch.randn(200, 24).double(), torch.randn(200, 2).double()
        parameters = list(model.parameters())
        torch.compiler.reset()
        loss = compiled(lambda x, y: F.mse_loss(model(x), y))

        def step():
            value = loss(x, y)
            return value, torch.autograd.grad(value, parameters)
        return step

    def w8():
        parameters = [nn.Parameter(torch.randn(n)) for n in [10_000_000] + 100 * [1000]]
        for p in parameters:
            p.grad = torch.randn_like(p)
        optimizer = optim.Adam(parameters, lr=1e-3, fused=fused)
        return compiled(optimizer.step)

    def update(kind):
        parameter = nn.Parameter(torch.randn(4000, 2500))
        parameter.grad = torch.randn(4000, 2500)
        foreach = options.variant == "foreach" or None
        return compiled(kind([parameter], lr=1e-3, **(dict(fused=fused) if fused else dict(foreach=foreach))).step)

    networks = dict(W1_mlp_fashion=w1, W1_epoch=w1_epoch, W2_mlp_tiny=w2, W3_mlp_tiny_b1=w3, W4_lenet=w4,
                    W4_lenet_b1=lambda: w4(1), W5_resnet18=w5, W6_lstm=w6, W6_lstm_small=lambda: w6(4, 16, 16, 16),
                    W7_transformer=w7, W7_transformer_small=lambda: w7(4, 8, 16, 2, 32), W8_adam_10m=w8,
                    W9_wide_mlp=w9, W10_mlp_small=w10,
                    W10_mlp_small_10k=lambda: w10(10_000), W11_mlp_gradient=w11)
    updates = dict(Adadelta=optim.Adadelta, Adafactor=optim.Adafactor, Adagrad=optim.Adagrad, Adam=optim.Adam,
                   AdamW=optim.AdamW, Adamax=optim.Adamax, Asgd=optim.ASGD, NAdam=optim.NAdam, RAdam=optim.RAdam,
                   RmsProp=optim.RMSprop, Rprop=optim.Rprop, Sgd=optim.SGD)
    if options.variant in ("fused", "last"):
        updates = {name: updates[name] for name in ("Adagrad", "Adam", "AdamW", "Sgd") if options.variant == "fused"}
    updates = {"update_" + name: partial(update, kind) for name, kind in updates.items()}
    if options.variant == "foreach":
        return updates
    # The other variants differ in nothing that a single operation sees.
    return networks | updates | (torch_operations.benchmarks() if options.variant == "eager" else {})


class Block(nn.Module):
    """Two convolutions beside a way around them."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        convolution = lambda i, o, kernel, stride: nn.Sequential(
            nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(o))
        self.first, self.second = convolution(inputs, outputs, 3, stride), convolution(outputs, outputs, 3, 1)
        self.skip = nn.Identity() if inputs == outputs else convolution(inputs, outputs, 1, stride)

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.skip(x))


class LastState(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.lstm, self.head = nn.LSTM(features, hidden, batch_first=True), nn.Linear(hidden, 10)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


class MeanState(nn.Module):
    def __init__(self, features, heads, hidden):
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            features, heads, hidden, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
        self.encoder, self.head = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(features, 10)

    def forward(self, x):
        return self.head(self.encoder(x).mean(1))


timing.main("pytorch", ["eager", "compile", "fused", "foreach", "last"], benchmarks)
