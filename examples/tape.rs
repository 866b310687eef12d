//! The tape: its nodes, the gradients that come out of it, its picture and its switch.
//!
//! ```text
//! cargo run --example tape
//! cargo run --example tape | sed -n '/^digraph/,/^}/p' | dot -Tsvg > tape.svg
//! ```

use wengert::{Tensor, detect_anomaly, grad, graph, no_grad, tensor};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    numbers()?;
    tensors()?;
    unrecorded()?;
    anomaly();
    Ok(())
}

/// y = x³ at x = 2, and every derivative that is not zero.
fn numbers() -> Result<()> {
    println!("-- a number and its derivatives");
    let x = tensor!(2.0).requires_grad();
    let y = x.powf(3.0);
    let mut derivative = y.clone();
    for (order, formula) in ["x³", "3x²", "6x", "6"].into_iter().enumerate() {
        if order > 0 {
            // `grad` records its own walk: the gradients it returns can be differentiated again.
            derivative = grad(&derivative, &[&x])?.remove(0);
        }
        println!("order {order}: {formula:<4} = {}", derivative.item::<f32>()?);
    }

    println!("\n-- two numbers: z = x·y + sin x");
    let (x, y) = (tensor!(0.5).requires_grad(), tensor!(4.0).requires_grad());
    let z = &x * &y + x.sin();
    let gradients = z.backward()?;
    for (name, variable, formula) in [("x", &x, "y + cos x"), ("y", &y, "x")] {
        let gradient = gradients.get(variable).ok_or("takes no part")?;
        println!("dz/d{name} = {formula:<9} = {:.6}", gradient.item::<f32>()?);
    }
    Ok(())
}

/// loss = mean((tanh(x Wᵀ + b) − t)²): one node of the tape for each operation, whatever the sizes of its tensors.
fn tensors() -> Result<()> {
    println!("\n-- tensors");
    let x = tensor![[0.5, -1.0], [2.0, 0.1], [0.3, 0.7]];
    let target = tensor![[0.0], [1.0], [0.5]];
    let weight = tensor![[0.4, -0.2]].requires_grad();
    let bias = Tensor::from([0.1]).requires_grad();
    let y = x.linear(&weight, Some(&bias))?.tanh();
    let loss = y.try_sub(&target)?.square().mean()?;
    println!("loss = {:.6}", loss.item::<f32>()?);

    // The leaves are grey; an edge leads from a value to what was computed from it. x and the target need no gradient,
    // so they are not on the tape.
    let tape = graph(&loss);
    println!("{} entries, {} bytes kept for the walk backwards:", tape.nodes.len(), tape.saved_bytes());
    print!("{}", tape.to_dot());

    // There is no gradient to reset: each walk returns its own.
    let gradients = loss.backward()?;
    println!("d loss / d weight = {}", gradients.get(&weight).ok_or("takes no part")?);
    println!("d loss / d bias   = {}", gradients.get(&bias).ok_or("takes no part")?);

    // The walk has freed what it needed, and a second walk returns an error.
    if let Err(error) = loss.backward() {
        println!("a second walk: {error}");
    }
    Ok(())
}

/// Two ways not to record: a closure in which nothing is recorded, and a value cut off from its history.
fn unrecorded() -> Result<()> {
    println!("\n-- not recorded");
    let x = tensor![1.0, 2.0].requires_grad();
    let inside = no_grad(|| x.exp());
    println!("made within no_grad: tracked {}; outside: tracked {}", inside.is_tracked(), x.exp().is_tracked());

    // Only one of the two factors counts as a variable: the derivative of x · constant is the constant.
    let cut = x.try_mul(&x.detach())?.sum();
    println!("d Σ x·detach(x) / dx = {}", cut.backward()?.get(&x).ok_or("takes no part")?);
    Ok(())
}

/// √(x − 1) has no finite slope at 1: an infinity in the middle of a walk, whose origin is hard to see from the result.
fn anomaly() {
    println!("\n-- the operation that first made an infinity");
    let slope = |x: &Tensor| x.add_scalar(-1.0).sqrt().sum().backward();
    for start in [2.0, 1.0] {
        let x = tensor!(start).requires_grad();
        match detect_anomaly(|| slope(&x)) {
            Ok(gradients) => println!("x = {start}: {} gradient, all finite", gradients.len()),
            Err(error) => println!("x = {start}: {error}"),
        }
    }
}
