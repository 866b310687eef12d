//! Valid files, and files with each possible error.

use super::*;
use crate::TensorDataset;
use autograd_core::DType;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::io::Write;
use std::path::PathBuf;
use tempfile::TempDir;

fn header(code: u8, shape: &[u32]) -> Vec<u8> {
    let rank = u8::try_from(shape.len()).expect("a rank of one byte");
    [0, 0, code, rank].into_iter().chain(shape.iter().flat_map(|size| size.to_be_bytes())).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory does not fail");
    encoder.finish().expect("memory does not fail")
}

fn write(dir: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).expect("a fresh directory is writable");
    path
}

fn temp() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn each_type_is_read_plain_and_compressed() {
    let dir = temp();
    let check = |code: u8, bytes: &[u8], dtype: DType, expected: &[f64]| {
        let file = [header(code, &[expected.len() as u32]), bytes.to_vec()].concat();
        for (name, bytes) in [("plain", &file), ("compressed", &gzip(&file))] {
            let x = read_idx(write(&dir, name, bytes)).expect("a proper file");
            assert_eq!((x.dtype(), x.shape(), x.to_f64s()), (dtype, &[expected.len()][..], expected.to_vec()));
        }
    };
    check(0x08, &[0, 200, 255], DType::I64, &[0.0, 200.0, 255.0]);
    check(0x09, &[0, 200, 255], DType::I64, &[0.0, -56.0, -1.0]);
    check(0x0b, &[1, 0, 0xff, 0xfe], DType::I64, &[256.0, -2.0]);
    check(0x0c, &[0, 1, 0, 0, 0x80, 0, 0, 0], DType::I64, &[65536.0, -2147483648.0]);
    check(0x0d, &[0.5f32.to_be_bytes(), (-3.25f32).to_be_bytes()].concat(), DType::F32, &[0.5, -3.25]);
    check(0x0e, &[0.1f64.to_be_bytes(), (-1e300f64).to_be_bytes()].concat(), DType::F64, &[0.1, -1e300]);
}

#[test]
fn scalars_and_empty_tensors() {
    let dir = temp();
    let scalar = read_idx(write(&dir, "scalar", &[0, 0, 8, 0, 7])).expect("rank 0 has one element");
    assert_eq!((scalar.shape(), scalar.to_f64s()), (&[][..], vec![7.0]));
    let empty = read_idx(write(&dir, "empty", &header(8, &[0, 28, 28]))).expect("no elements are there");
    assert_eq!(empty.shape(), [0, 28, 28]);
}

#[test]
fn bad_files() {
    let dir = temp();
    let check = |bytes: &[u8], text: &str| {
        let path = write(&dir, "file", bytes);
        let error = read_idx(&path).expect_err("a bad file").to_string();
        assert_eq!(error, format!("{}: {text}", path.display()));
    };
    let foreign = |first: &str| {
        let wanted = "not with 00 00, a type (08, 09, 0b, 0c, 0d or 0e) and a rank";
        format!("not an IDX file: it begins with {first}, {wanted}")
    };
    check(b"", &foreign("[]"));
    check(b"PK\x03\x04 and so on", &foreign("[50, 4b, 03, 04]"));
    check(&[0, 0, 8], &foreign("[00, 00, 08]"));
    check(&[0, 0, 10, 1, 0, 0, 0, 0], &foreign("[00, 00, 0a, 01]"));
    check(&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0], "cut off in the header: size 2 of 3 is missing");
    check(&[0, 0, 8, 3], "cut off in the header: size 1 of 3 is missing");

    let file = |shape: &[u32], bytes: &[u8]| [header(0x0b, shape), bytes.to_vec()].concat();
    let short = "cut off: shape [2, 2] of i16 needs 8 bytes, there are 7";
    check(&file(&[2, 2], &[0; 7]), short);
    check(&gzip(&file(&[2, 2], &[0; 7])), short);
    let long = "too long: shape [2, 2] of i16 needs 8 bytes, and more follow";
    check(&file(&[2, 2], &[0; 9]), long);
    check(&gzip(&file(&[2, 2], &[0; 9])), long);

    // Promises for which nothing must be allocated: 2⁶³ bytes and more, and almost as many that the file does not have.
    let most = u32::MAX;
    let many = "(at most 64 dimensions, and no more bytes than memory holds)";
    check(&file(&[most, most, most], &[]), &format!("shape [{most}, {most}, {most}] is too large {many}"));
    check(&file(&[most, most, 0], &[]), &format!("shape [{most}, {most}, 0] is too large {many}"));
    check(&file(&[1; 65], &[0; 2]), &format!("shape {:?} is too large {many}", [1; 65]));
    let promise = "cut off: shape [2147483647, 2147483647] of i16 needs 9223372028264841218 bytes, there are 2";
    check(&file(&[most / 2, most / 2], &[0; 2]), promise);
}

#[test]
fn damaged_gzip_streams() {
    let dir = temp();
    let whole = gzip(&[header(8, &[1000]), (0..1000u32).map(|i| (i * i) as u8).collect()].concat());
    let check = |bytes: &[u8]| {
        let path = write(&dir, "file.gz", bytes);
        let error = read_idx(&path).expect_err("a damaged stream").to_string();
        assert!(error.starts_with(&format!("{}: damaged gzip stream: ", path.display())), "{error}");
        error
    };
    assert!(check(&whole[..whole.len() - 1]).ends_with("cut off"), "the checksum is cut");
    assert!(check(&whole[..whole.len() / 2]).ends_with("cut off"));
    assert!(check(&whole[..1]).ends_with("cut off"));
    let mut wrong_sum = whole.clone();
    let sum = wrong_sum.len() - 8;
    wrong_sum[sum] ^= 1;
    check(&wrong_sum);
    check(&[whole.clone(), b"more".to_vec()].concat());
    check(&[0x1f, 0x8c, 0, 0]);
    assert!(check(&[whole.clone(), vec![0; 9], whole].concat()).ends_with("something follows the padding"));
}

#[test]
fn gzip_is_read_as_gunzip_reads_it() {
    let dir = temp();
    let file = [header(8, &[1000]), (0..1000u32).map(|i| (i * i) as u8).collect()].concat();
    let expected = read_idx(write(&dir, "plain", &file)).expect("a proper file").to_f64s();
    let check = |bytes: &[u8]| {
        let x = read_idx(write(&dir, "file.gz", bytes)).expect("gunzip reads it");
        assert_eq!(x.to_f64s(), expected);
    };
    // Padded as on tapes and in blocks; more zeros than a buffer holds, too.
    for zeros in [1, 511, 100_000] {
        check(&[gzip(&file), vec![0; zeros]].concat());
    }
    // Members one after another, an empty one among them.
    let (first, second) = file.split_at(500);
    check(&[gzip(first), gzip(second)].concat());
    check(&[gzip(first), gzip(&[]), gzip(second), vec![0; 20]].concat());
}

#[test]
fn a_gzip_bomb_is_read_no_further_than_promised() {
    let dir = temp();
    let bomb = gzip(&[header(8, &[10]), vec![0; 50_000_000]].concat());
    let error = read_idx(write(&dir, "bomb.gz", &bomb)).expect_err("too long").to_string();
    assert!(error.ends_with("too long: shape [10] of u8 needs 10 bytes, and more follow"), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let path = temp().path().join("nothing-here");
    let error = read_idx(&path).expect_err("no such file");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(error.to_string(), format!("{}: No such file or directory (os error 2)", path.display()));
}

#[test]
fn images_and_labels() {
    let dir = temp();
    let images = write(&dir, "images", &[header(8, &[2, 1, 3]), vec![0, 51, 255, 255, 102, 0]].concat());
    let labels = write(&dir, "labels", &[header(8, &[2]), vec![9, 0]].concat());
    let x = idx_images(&images).expect("images");
    assert_eq!((x.shape(), x.to_vec::<f32>()), (&[2, 1, 3][..], Ok(vec![0.0, 0.2, 1.0, 1.0, 0.4, 0.0])));
    assert_eq!(idx_labels(&labels).expect("labels").to_vec::<i64>(), Ok(vec![9, 0]));

    let text = |problem: &str, path: &Path| format!("{}: not a file of {problem}", path.display());
    let expected = text("labels: it holds u8 of shape [2, 1, 3], expected u8 with 1 dimensions", &images);
    assert_eq!(idx_labels(&images).expect_err("these are images").to_string(), expected);
    let expected = text("images: it holds u8 of shape [2], expected u8 with 3 dimensions", &labels);
    assert_eq!(idx_images(&labels).expect_err("these are labels").to_string(), expected);
    let floats = write(&dir, "floats", &[header(0x0d, &[1]), vec![0; 4]].concat());
    let expected = text("labels: it holds f32 of shape [1], expected u8 with 1 dimensions", &floats);
    assert_eq!(idx_labels(&floats).expect_err("these are floats").to_string(), expected);
}

#[test]
fn the_four_files() {
    let dir = temp();
    let images = |n: u32| [header(8, &[n, 2, 2]), vec![255; 4 * n as usize]].concat();
    let labels = |n: u32| [header(8, &[n]), vec![3; n as usize]].concat();
    write(&dir, "train-images-idx3-ubyte", &images(3));
    write(&dir, "train-labels-idx1-ubyte.gz", &gzip(&labels(3)));
    write(&dir, "t10k-images-idx3-ubyte.gz", &gzip(&images(2)));

    let error = fashion_mnist(dir.path()).expect_err("one file is missing").to_string();
    let names = r#"["t10k-labels-idx1-ubyte", "t10k-labels-idx1-ubyte.gz"]"#;
    assert_eq!(error, format!("{}: none of {names} is there", dir.path().display()));

    write(&dir, "t10k-labels-idx1-ubyte", &labels(1));
    let error = fashion_mnist(dir.path()).expect_err("a label is missing").to_string();
    let files = ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte"].map(|name| dir.path().join(name));
    let [images, labels_of] = files.each_ref().map(|path| path.display());
    let text = "TensorDataset: x has 2 samples and y has 1 (shapes [2, 2, 2] and [1])";
    assert_eq!(error, format!("{images} and {labels_of}: {text}"));

    write(&dir, "t10k-labels-idx1-ubyte", &labels(2));
    let (train, test) = fashion_mnist(dir.path()).expect("all four files");
    let shapes = |set: &TensorDataset| (set.x.shape().to_vec(), set.y.shape().to_vec());
    assert_eq!(shapes(&train), (vec![3, 2, 2], vec![3]));
    assert_eq!(shapes(&test), (vec![2, 2, 2], vec![2]));
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read(shape in proptest::collection::vec(0u32..5, 0..5), seed: u64, compressed: bool) {
        let len: u32 = shape.iter().product();
        let values: Vec<i32> = (0..len).map(|i| seed.wrapping_mul(u64::from(2 * i + 1)) as i32).collect();
        let plain: Vec<u8> =
            header(0x0c, &shape).into_iter().chain(values.iter().flat_map(|v| v.to_be_bytes())).collect();
        let bytes = if compressed { gzip(&plain) } else { plain };
        let idx = parse::read(&bytes[..]).expect("a proper file");
        prop_assert_eq!(idx.shape, shape.iter().map(|size| *size as usize).collect::<Vec<_>>());
        prop_assert_eq!(elements(&idx.bytes, i32::from_be_bytes), values);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), begin in 0usize..4) {
        // Random bytes seldom look like a file: these beginnings pass the first checks.
        let start: &[u8] = [&[][..], &[0, 0, 8, 2], &[0, 0, 14, 1, 0, 0, 0], &[0x1f, 0x8b, 8, 0]][begin];
        let bytes = [start, &bytes].concat();
        for bytes in [&bytes[..], &gzip(&bytes)] {
            if let Ok(idx) = parse::read(bytes) {
                prop_assert_eq!(idx.bytes.len() % idx.shape.iter().product::<usize>().max(1), 0);
            }
        }
    }
}
