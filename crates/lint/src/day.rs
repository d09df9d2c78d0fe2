//! A day of the calendar, as ignore comments name it.

use std::fmt;

/// A day. The roof says which one is today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// A day that exists.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Day> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        (1..=days).contains(&day).then_some(Day { year, month, day })
    }

    /// Read `2027-01-31`.
    pub fn parse(text: &str) -> Option<Day> {
        let mut parts = text.split('-');
        let mut number = |width: usize| {
            let part = parts.next()?;
            let digits = part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u16>().ok())?
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        if parts.next().is_some() {
            return None;
        }
        Day::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_exist() {
        for good in ["2027-01-31", "2028-02-29", "2000-02-29", "0001-12-31"] {
            assert_eq!(Day::parse(good).unwrap().to_string(), good);
        }
        for bad in
            ["2027-02-29", "2100-02-29", "2027-13-01", "2027-00-01", "2027-1-1", "2027-01-00", "27-01-01"]
        {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
        for bad in ["", "tomorrow", "2027-01-01-01", "2027-01-+1", "2027/01/01"] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn they_are_in_order() {
        assert!(Day::parse("2026-12-31") < Day::parse("2027-01-01"));
        assert!(Day::parse("2027-01-31") < Day::parse("2027-02-01"));
    }
}
