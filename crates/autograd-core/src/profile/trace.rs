//! A profile as a trace in the Chrome trace event format.

use super::Profile;
use super::log::Event;
use crate::error::Result;
use crate::module::write_whole;
use std::fmt::{self, Display, Write};
use std::path::Path;
use std::time::Duration;

/// A text as JSON has it.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c < ' ' => write!(f, "\\u{:04x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// A time in microseconds, to the nanosecond.
struct Micros(Duration);

impl Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        write!(f, "{}.{:03}", nanos / 1000, nanos % 1000)
    }
}

/// An event of a process.
struct Of<'a>(u32, &'a Event);

impl Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Of(process, Event { name, pass, start, time, shape, bytes, flops }) = self;
        let (name, start, time) = (Quoted(name), Micros(*start), Micros(*time));
        write!(f, r#"{{"name":{name},"cat":"{pass}","ph":"X","ts":{start},"dur":{time},"pid":{process},"tid":1,"#)?;
        write!(f, r#""args":{{"shape":{:?},"bytes":{bytes},"flops":{flops}}}}}"#, &shape[..])
    }
}

impl Profile {
    /// Every kernel as an event in the Chrome trace event format, which `chrome://tracing` and
    /// [Perfetto](https://ui.perfetto.dev) show on a line of time: JSON, whose `ts` (since the beginning) and `dur` are
    /// in microseconds, whose `cat` is `forward` or `backward`, and whose `args` are the shape of the result, bytes and
    /// flops.
    ///
    /// It has the first 262,144 kernels; `otherData` says how many there were, and how many are left out.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, profile};
    /// let x = Tensor::from([1.0, 2.0]);
    /// let trace = profile(|| x.exp()).1.trace();
    /// assert!(trace.contains(r#"{"name":"exp","cat":"forward","ph":"X","ts":"#));
    /// assert!(trace.contains(r#""args":{"shape":[2],"bytes":16,"flops":2}}"#));
    /// ```
    pub fn trace(&self) -> String {
        let process = std::process::id();
        let mut events = String::new();
        for (i, event) in self.events.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            events += &format!("{comma}\n{}", Of(process, event));
        }
        let (all, left_out) = (self.events.len() as u64 + self.left_out, self.left_out);
        let counts = format!(r#"{{"kernels":{all},"left_out":{left_out}}}"#);
        format!("{{\"displayTimeUnit\":\"ns\",\"otherData\":{counts},\"traceEvents\":[{events}\n]}}\n")
    }

    /// Writes the [trace](Profile::trace) to a file: whole, or not at all.
    ///
    /// # Errors
    /// If the file cannot be written; what was there before stays.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Error, Tensor, profile};
    /// let path = std::env::temp_dir().join(format!("wengert-trace-{}.json", std::process::id()));
    /// let (_, profile) = profile(|| Tensor::from([1.0, 2.0]).exp());
    /// profile.write_trace(&path)?;
    /// assert_eq!(std::fs::read_to_string(&path).map_err(Error::user)?, profile.trace());
    /// # std::fs::remove_file(&path).map_err(Error::user)?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn write_trace(&self, path: impl AsRef<Path>) -> Result<()> {
        write_whole(path.as_ref(), self.trace().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::profile::{Pass, profile_up_to};

    #[test]
    fn an_event_is_written_to_the_nanosecond_with_its_name_escaped() {
        let (start, time) = (Duration::from_nanos(1_000_042), Duration::from_nanos(7));
        let shape = smallvec::smallvec![2, 3];
        let name = "a\"b\\c\n\u{1}→";
        let event = Event { name, pass: Pass::Backward, start, time, shape, bytes: 24, flops: 6 };
        let first = r#"{"name":"a\"b\\c\u000a\u0001→","cat":"backward","ph":"X","ts":1000.042,"dur":0.007"#;
        let expected = format!(r#"{first},"pid":5,"tid":1,"args":{{"shape":[2, 3],"bytes":24,"flops":6}}}}"#);
        assert_eq!(Of(5, &event).to_string(), expected);
    }

    #[test]
    fn any_name_comes_back_from_json() {
        let all: String = (0..=0x2100).filter_map(char::from_u32).chain(['\u{ffff}', '\u{10ffff}']).collect();
        for name in ["", "\\", "\"", "\\\"\\", &all] {
            let parsed: String = serde_json::from_str(&Quoted(name).to_string()).expect("JSON");
            assert_eq!(parsed, name);
        }
    }

    #[test]
    fn what_a_trace_has_no_room_for_is_counted() {
        let x = Tensor::from([1.0, 2.0]);
        let ((), profile) = profile_up_to(2, || (0..5).for_each(|_| drop(x.exp())));
        let trace = profile.trace();
        assert_eq!(trace.matches(r#""name":"exp""#).count(), 2);
        assert!(trace.contains(r#""otherData":{"kernels":5,"left_out":3}"#), "{trace}");
        assert_eq!((profile.entries()[0].calls, profile.entries()[0].flops), (5, 10));
    }
}
