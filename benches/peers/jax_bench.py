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


def labels(n):
    return jnp.asarray(random.integers(10, size=n, dtype=np.int32))


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
    return fashion(normal(256, 784), labels(256))


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


def training_by_adam(params, loss, lr, decay=0.0):
    state = None

    @partial(jax.jit, donate_argnums=(0, 1))
    def update(params, state):
        grads = jax.grad(loss)(params)
        return adam(jax.tree.map(lambda p: p * (1 - lr * decay), params), state, grads, lr)

    def step():
        nonlocal params, state
        if state is None:
            state = zeros_like(params)
        params, state = jax.block_until_ready(update(params, state))
    return step


def w4(n=64):
    """LeNet by SGD with momentum."""
    x, y = normal(n, 1, 28, 28), labels(n)
    kernel = lambda o, i: (normal(o, i, 5, 5) / (25 * i)**0.5, jnp.zeros((o, 1, 1)))
    params = [kernel(6, 1), kernel(16, 6)], layers(400, 120, 84, 10)

    def convolved(x, layer, padding):
        y = jax.nn.relu(jax.lax.conv(x, layer[0], (1, 1), padding) + layer[1])
        return jax.lax.reduce_window(y, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def loss(params):
        (first, second), rest = params
        features = convolved(convolved(x, first, "SAME"), second, "VALID")
        return cross_entropy(network(rest, jax.nn.relu, features.reshape(n, -1)), y)

    @partial(jax.jit, donate_argnums=(0, 1))
    def update(params, velocity):
        velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, jax.grad(loss)(params))
        return jax.tree.map(lambda p, v: p - 0.01 * v, params, velocity), velocity
    velocity = jax.tree.map(jnp.zeros_like, params)

    def step():
        nonlocal params, velocity
        params, velocity = jax.block_until_ready(update(params, velocity))
    return step


def w6(batch=32, steps=64, features=64, hidden=128):
    """An LSTM whose input products are one for all steps, and the last state to ten classes."""
    x, y = normal(batch, steps, features), labels(batch)
    params = layers(features, 4 * hidden)[0] + layers(hidden, 4 * hidden)[0], layers(hidden, 10)

    def loss(params):
        (w, b, u, c), head = params

        def cell(state, z):
            h, memory = state
            i, f, g, o = jnp.split(z + h @ u + c, 4, axis=1)
            memory = jax.nn.sigmoid(f) * memory + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(memory), memory), None
        start = jnp.zeros((batch, hidden)), jnp.zeros((batch, hidden))
        (h, _), _ = jax.lax.scan(cell, start, jnp.swapaxes(x @ w + b, 0, 1))
        return cross_entropy(network(head, None, h), y)
    return training_by_adam(params, loss, 1e-3)


def w7(batch=16, steps=64, features=128, heads=4, hidden=512):
    """Two encoder layers with norms first, and the mean to ten classes; AdamW with a decay of 0.01."""
    x, y = normal(batch, steps, features), labels(batch)
    norm = lambda: (jnp.ones(features), jnp.zeros(features))
    layer = lambda: (norm(), layers(features, 3 * features), layers(features, features), norm(),
                     layers(features, hidden, features))
    params = [layer(), layer()], layers(features, 10)

    def normed(x, scale, shift):
        mean = x.mean(-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(jnp.square(x - mean).mean(-1, keepdims=True) + 1e-5) * scale + shift

    def encoded(x, layer):
        first, all_in, out, second, forward = layer
        parts = network(all_in, None, normed(x, *first)).reshape(batch, steps, 3, heads, features // heads)
        seen = jax.nn.dot_product_attention(parts[:, :, 0], parts[:, :, 1], parts[:, :, 2])
        x = x + network(out, None, seen.reshape(batch, steps, features))
        return x + network(forward, partial(jax.nn.gelu, approximate=False), normed(x, *second))

    def loss(params):
        encoder, head = params
        state = x
        for layer in encoder:
            state = encoded(state, layer)
        return cross_entropy(network(head, None, state.mean(1)), y)
    return training_by_adam(params, loss, 1e-3, decay=0.01)


def w9():
    x, y = normal(512, 1024), normal(512, 1024)
    return training_by_adam(layers(1024, 4096, 4096, 1024), lambda p: mse(network(p, jax.nn.relu, x), y), 1e-4)


def w10(n=32):
    x, y = normal(n, 4), normal(n, 4)
    return training_by_adam(layers(4, 32, 16, 4), lambda p: mse(network(p, jnp.tanh, x), y), 1e-3)


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


WORKLOADS = dict(W1_mlp_fashion=w1, W1_epoch=w1_epoch, W2_mlp_tiny=w2, W3_mlp_tiny_b1=w3, W4_lenet=w4,
                 W4_lenet_b1=lambda: w4(1), W6_lstm=w6, W6_lstm_small=lambda: w6(4, 16, 16, 16), W7_transformer=w7,
                 W7_transformer_small=lambda: w7(4, 8, 16, 2, 32), W8_adam_10m=w8, W9_wide_mlp=w9,
                 W10_mlp_small=w10, W10_mlp_small_10k=lambda: w10(10_000), W11_mlp_gradient=w11)
timing.main("jax", ["jit"], lambda _: WORKLOADS)
