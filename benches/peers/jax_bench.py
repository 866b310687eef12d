"""Training steps in JAX: each is one jit-compiled function whose parameters are donated, so that they are updated in
place, and each is waited for.

JAX has no setting for the number of threads: it starts one per CPU it may run on, so bind the process (taskset).
"""
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

import timing

random = np.random.default_rng(0)


def normal(*shape):
    return jnp.asarray(random.standard_normal(shape, dtype=np.float32))


def layers(*widths):
    """Weights and biases of a stack of linear layers."""
    return [(normal(i, o) / i**0.5, jnp.zeros(o)) for i, o in zip(widths, widths[1:])]


def network(params, activation, x):
    *hidden, (last_w, last_b) = params
    for w, b in hidden:
        x = activation(x @ w + b)
    return x @ last_w + last_b


def cross_entropy(logits, labels):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1).mean()


def mse(y, t):
    return jnp.square(y - t).mean()


def training(params, activation, loss_of, lr, x, y):
    @partial(jax.jit, donate_argnums=0)
    def update(params, x, y):
        loss, grads = jax.value_and_grad(lambda p: loss_of(network(p, activation, x), y))(params)
        return jax.tree.map(lambda p, g: p - lr * g, params, grads), loss

    def step(x=x, y=y):
        nonlocal params
        params, loss = update(params, x, y)
        jax.block_until_ready((params, loss))
    return step


def fashion(x=None, y=None):
    return training(layers(784, 256, 10), jax.nn.relu, cross_entropy, 0.1, x, y)


def w1():
    return fashion(normal(256, 784), jnp.asarray(random.integers(10, size=256, dtype=np.int32)))


def w1_epoch():
    # NumPy picks the rows of a batch: that is faster than picking them from JAX's arrays.
    step, images = fashion(), random.standard_normal((60_000, 784), dtype=np.float32)
    labels = random.integers(10, size=60_000, dtype=np.int32)

    def epoch():
        order = random.permutation(60_000)
        for start in range(0, 60_000, 256):
            batch = order[start:start + 256]
            step(images[batch], labels[batch])
    return epoch


def w2():
    return training(layers(2, 16, 16, 1), jnp.tanh, mse, 0.01, normal(32, 2), normal(32, 1))


def w3():
    half_square = lambda y, t: 0.5 * jnp.square(y - t).sum()
    return training(layers(2, 2, 1), jax.nn.relu, half_square, 0.01, normal(1, 2), normal(1, 1))


def adam(params, state, grads, lr):
    t, means, squares = state
    t = t + 1
    tree = jax.tree.map
    means = tree(lambda m, g: 0.9 * m + 0.1 * g, means, grads)
    squares = tree(lambda v, g: 0.999 * v + 0.001 * g * g, squares, grads)
    mean_scale, square_scale = 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)
    rule = lambda p, m, v: p - lr * (m * mean_scale) / (jnp.sqrt(v * square_scale) + 1e-8)
    return tree(rule, params, means, squares), (t, means, squares)


def zeros_like(params):
    """Moments that no step has changed."""
    return jnp.float32(0), jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params)


def w8():
    update = jax.jit(partial(adam, lr=1e-3), donate_argnums=(0, 1))
    sizes = [10_000_000] + 100 * [1000]
    params, grads = [normal(n) for n in sizes], [normal(n) for n in sizes]
    state = zeros_like(params)

    def step():
        nonlocal params, state
        params, state = jax.block_until_ready(update(params, state, grads))
    return step


def training_by_adam(params, activation, lr, x, y):
    state = None

    @partial(jax.jit, donate_argnums=(0, 1))
    def update(params, state):
        grads = jax.grad(lambda p: mse(network(p, activation, x), y))(params)
        return adam(params, state, grads, lr)

    def step():
        nonlocal params, state
        if state is None:
            state = zeros_like(params)
        params, state = jax.block_until_ready(update(params, state))
    return step


def w9():
    return training_by_adam(layers(1024, 4096, 4096, 1024), jax.nn.relu, 1e-4, normal(512, 1024), normal(512, 1024))


def w10(n=32):
    return training_by_adam(layers(4, 32, 16, 4), jnp.tanh, 1e-3, normal(n, 4), normal(n, 4))


def w11():
    with jax.enable_x64(True):
        double = lambda x: jnp.asarray(x, dtype=jnp.float64)
        params = jax.tree.map(double, layers(24, 8, 2))
        x, y = double(normal(200, 24)), double(normal(200, 2))
        both = jax.jit(jax.value_and_grad(lambda p, x, y: mse(network(p, jnp.tanh, x), y)))

    def step():
        with jax.enable_x64(True):
            jax.block_until_ready(both(params, x, y))
    return step


WORKLOADS = dict(W1_mlp_fashion=w1, W1_epoch=w1_epoch, W2_mlp_tiny=w2, W3_mlp_tiny_b1=w3, W8_adam_10m=w8,
                 W9_wide_mlp=w9, W10_mlp_small=w10, W10_mlp_small_10k=lambda: w10(10_000), W11_mlp_gradient=w11)
timing.main("jax", ["jit"], lambda _: WORKLOADS)
