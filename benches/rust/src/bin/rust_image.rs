//! Images: drawing, a separable blur, scaling, rotating, and PNG written and read again.

use rust_benches::{mix, repetitions, CHECKSUM};

#[derive(Clone, PartialEq)]
struct Image {
    width: usize,
    height: usize,
    /// Three bytes a pixel.
    pixels: Vec<u8>,
}

impl Image {
    fn draw(width: usize, height: usize, phase: usize) -> Image {
        let mut pixels = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                let (dx, dy) = (x as i32 - width as i32 / 2, y as i32 - height as i32 / 2);
                let ring = (dx * dx + dy * dy) as usize / 64 + phase;
                pixels.extend([(ring * 7) as u8, ((x ^ y) + phase) as u8, ((x * y) >> 6) as u8]);
            }
        }
        Image { width, height, pixels }
    }

    fn blur(&self) -> Image {
        const WEIGHTS: [u32; 5] = [1, 4, 6, 4, 1];
        let pass = |from: &[u8], step: usize, length: usize, place: &dyn Fn(usize) -> usize| {
            let mut to = vec![0; from.len()];
            for at in 0..from.len() {
                let here = place(at) as isize;
                let sum: u32 = WEIGHTS.iter().enumerate().map(|(i, weight)| {
                    let there = (here + i as isize - 2).clamp(0, length as isize - 1);
                    let index = at as isize + (there - here) * step as isize;
                    weight * u32::from(from[index as usize])
                }).sum();
                to[at] = ((sum + 8) / 16) as u8;
            }
            to
        };
        let across = pass(&self.pixels, 3, self.width, &|at| at / 3 % self.width);
        let pixels = pass(&across, 3 * self.width, self.height, &|at| at / 3 / self.width);
        Image { pixels, ..*self }
    }

    /// Bilinear, in fixed point.
    fn scale(&self, width: usize, height: usize) -> Image {
        let mut pixels = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            let fy = y * (self.height - 1) * 256 / height;
            for x in 0..width {
                let fx = x * (self.width - 1) * 256 / width;
                for channel in 0..3 {
                    let at = |dx: usize, dy: usize| {
                        self.pixels[((fy / 256 + dy) * self.width + fx / 256 + dx) * 3 + channel] as usize
                    };
                    let (wx, wy) = (fx % 256, fy % 256);
                    let top = at(0, 0) * (256 - wx) + at(1, 0) * wx;
                    let bottom = at(0, 1) * (256 - wx) + at(1, 1) * wx;
                    pixels.push(((top * (256 - wy) + bottom * wy) >> 16) as u8);
                }
            }
        }
        Image { width, height, pixels }
    }

    fn rotate(&self) -> Image {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for x in 0..self.width {
            for y in (0..self.height).rev() {
                let at = (y * self.width + x) * 3;
                pixels.extend_from_slice(&self.pixels[at..at + 3]);
            }
        }
        Image { width: self.height, height: self.width, pixels }
    }

    fn to_png(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::Balanced);
        encoder.write_header().unwrap().write_image_data(&self.pixels).unwrap();
        bytes
    }

    fn from_png(bytes: &[u8]) -> Image {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        pixels.truncate(info.buffer_size());
        Image { width: info.width as usize, height: info.height as usize, pixels }
    }
}

fn main() {
    let mut checksum = CHECKSUM;
    for round in 0..repetitions(14) {
        let image = Image::draw(512, 384, round as usize * 5).blur().scale(400, 500).rotate();
        let png = image.to_png();
        assert!(Image::from_png(&png) == image);
        checksum = mix(mix(checksum, &png), &image.pixels);
    }
    println!("rust_image {checksum:016x}");
}
