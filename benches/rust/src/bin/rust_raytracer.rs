//! A ray tracer: spheres over a plane, shadows, reflections, in double precision. Only operations
//! whose results the standard fixes are used (no powers, sines or the like).

use rust_benches::{mix, repetitions, Random, CHECKSUM};
use std::ops::{Add, Mul, Sub};

#[derive(Clone, Copy)]
struct Vector(f64, f64, f64);

impl Add for Vector {
    type Output = Vector;
    fn add(self, other: Vector) -> Vector {
        Vector(self.0 + other.0, self.1 + other.1, self.2 + other.2)
    }
}

impl Sub for Vector {
    type Output = Vector;
    fn sub(self, other: Vector) -> Vector {
        Vector(self.0 - other.0, self.1 - other.1, self.2 - other.2)
    }
}

impl Mul<f64> for Vector {
    type Output = Vector;
    fn mul(self, factor: f64) -> Vector {
        Vector(self.0 * factor, self.1 * factor, self.2 * factor)
    }
}

impl Vector {
    fn dot(self, other: Vector) -> f64 {
        self.0 * other.0 + self.1 * other.1 + self.2 * other.2
    }

    fn unit(self) -> Vector {
        self * (1.0 / self.dot(self).sqrt())
    }

    fn times(self, other: Vector) -> Vector {
        Vector(self.0 * other.0, self.1 * other.1, self.2 * other.2)
    }
}

trait Shape {
    /// The distance at which a ray meets the shape, and the normal there.
    fn hit(&self, from: Vector, direction: Vector) -> Option<(f64, Vector)>;
    fn color(&self, at: Vector) -> Vector;
    fn mirror(&self) -> f64;
}

struct Sphere {
    center: Vector,
    radius: f64,
    color: Vector,
}

struct Floor;

const NEAR: f64 = 1e-6;

impl Shape for Sphere {
    fn hit(&self, from: Vector, direction: Vector) -> Option<(f64, Vector)> {
        let to_center = self.center - from;
        let along = to_center.dot(direction);
        let square = self.radius * self.radius - to_center.dot(to_center) + along * along;
        if square < 0.0 {
            return None;
        }
        let half = square.sqrt();
        let distance = [along - half, along + half].into_iter().find(|&distance| distance > NEAR)?;
        Some((distance, (from + direction * distance - self.center).unit()))
    }

    fn color(&self, _: Vector) -> Vector {
        self.color
    }

    fn mirror(&self) -> f64 {
        0.4
    }
}

impl Shape for Floor {
    fn hit(&self, from: Vector, direction: Vector) -> Option<(f64, Vector)> {
        let distance = -from.1 / direction.1;
        (distance > NEAR && distance < 1e4).then_some((distance, Vector(0.0, 1.0, 0.0)))
    }

    fn color(&self, at: Vector) -> Vector {
        let dark = (at.0.floor() as i64 + at.2.floor() as i64) & 1 == 0;
        if dark { Vector(0.2, 0.2, 0.2) } else { Vector(0.9, 0.9, 0.9) }
    }

    fn mirror(&self) -> f64 {
        0.2
    }
}

type Scene = Vec<Box<dyn Shape>>;

fn nearest(scene: &Scene, from: Vector, direction: Vector) -> Option<(f64, Vector, &dyn Shape)> {
    let mut best: Option<(f64, Vector, &dyn Shape)> = None;
    for shape in scene {
        if let Some((distance, normal)) = shape.hit(from, direction) {
            if best.is_none_or(|(best, _, _)| distance < best) {
                best = Some((distance, normal, &**shape));
            }
        }
    }
    best
}

fn trace(scene: &Scene, from: Vector, direction: Vector, depth: u32) -> Vector {
    let light = Vector(0.5, 0.8, -0.4).unit();
    let Some((distance, normal, shape)) = nearest(scene, from, direction) else {
        let up = direction.1.max(0.0);
        return Vector(0.5 + 0.2 * up, 0.6 + 0.2 * up, 0.9);
    };
    let at = from + direction * distance;
    let lit = normal.dot(light).max(0.0);
    let lit = if lit > 0.0 && nearest(scene, at, light).is_some() { 0.0 } else { lit };
    let own = shape.color(at) * (0.2 + 0.8 * lit);
    if depth == 0 {
        return own;
    }
    let mirrored = direction - normal * (2.0 * normal.dot(direction));
    let seen = trace(scene, at, mirrored, depth - 1);
    own * (1.0 - shape.mirror()) + seen.times(Vector(1.0, 1.0, 1.0)) * shape.mirror()
}

fn main() {
    let mut checksum = CHECKSUM;
    let mut random = Random(0x7ace);
    const WIDTH: i32 = 160;
    const HEIGHT: i32 = 100;
    for _ in 0..repetitions(100) {
        let mut unit = || f64::from(random.below(1000)) / 1000.0;
        let mut scene: Scene = vec![Box::new(Floor)];
        for _ in 0..30 {
            let radius = 0.3 + unit() * 0.7;
            let center = Vector(unit() * 10.0 - 5.0, radius + unit(), unit() * 8.0);
            scene.push(Box::new(Sphere { center, radius, color: Vector(unit(), unit(), unit()) }));
        }
        let mut image = Vec::new();
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let (dx, dy) = (f64::from(x - WIDTH / 2) / 80.0, f64::from(HEIGHT / 2 - y) / 80.0);
                let color = trace(&scene, Vector(0.0, 2.0, -6.0), Vector(dx, dy, 1.5).unit(), 4);
                image.extend([color.0, color.1, color.2].map(|part| (part.min(1.0) * 255.0) as u8));
            }
        }
        checksum = mix(checksum, &image);
    }
    println!("rust_raytracer {checksum:016x}");
}
