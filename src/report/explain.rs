//! The pages of the codes: docs/errors, embedded. A test crosses them with the codes of all rooms. Read by `dbm explain`.

macro_rules! pages {
    ($($number:literal)*) => {
        /// The page of each code, in Markdown, in order.
        pub const PAGES: &[(u16, &str)] = &[$((digits($number), include_str!(concat!("../../docs/errors/DBM", $number, ".md")))),*];
    };
}

pages! {
    "0101" "0102" "0103" "0104" "0105" "0106" "0107" "0108" "0109" "0110" "0111" "0112" "0113" "0114"
    "0115" "0116" "0117" "0118" "0119" "0120" "0121" "0122" "0123" "0124" "0125" "0126" "0127" "0128"
    "0129" "0130" "0131" "0199"
    "0201" "0202" "0203" "0204" "0205" "0206" "0207" "0208" "0209" "0210" "0211" "0212" "0213" "0214"
    "0215"
    "0301" "0302" "0303" "0304" "0305" "0306" "0307" "0308" "0309" "0310" "0311" "0312" "0313" "0314"
    "0315" "0316" "0317" "0318" "0319" "0320" "0321" "0322" "0323"
    "0401" "0402" "0403" "0404" "0405" "0406" "0407" "0408" "0409" "0410" "0411" "0412" "0413" "0414"
    "0420" "0421" "0422" "0423" "0424" "0425"
    "0501" "0502" "0503" "0504" "0505" "0506" "0507" "0508" "0509" "0510" "0511" "0512" "0513" "0514"
    "0515" "0516" "0517" "0518" "0519" "0520" "0521" "0522" "0523" "0524" "0530" "0531" "0540" "0541" "0542"
    "0543" "0544" "0545" "0546"
    "0601" "0602" "0603" "0604" "0605" "0606" "0607" "0608" "0609" "0610" "0611" "0612" "0613" "0614" "0615" "0616" "0617" "0620"
    "0701" "0702" "0703" "0704" "0706" "0707" "0708" "0709" "0710"
    "0801" "0802" "0803" "0804" "0805" "0806" "0807" "0808" "0809" "0810" "0811" "0812" "0813" "0814" "0830" "0831"
    "0901" "0999"
}

/// The number that four digits spell; what is no digit counts as nothing.
const fn digits(text: &str) -> u16 {
    let bytes = text.as_bytes();
    let mut number = 0;
    let mut i = 0;
    while i < bytes.len() {
        number = number * 10 + (bytes[i] - b'0') as u16;
        i += 1;
    }
    number
}

/// The page of a code, by its number.
pub fn page(number: u16) -> Option<&'static str> {
    PAGES.iter().find(|(n, _)| *n == number).map(|(_, page)| *page)
}

/// The number that a user means by `DBM0203`, `dbm203` or `203`.
pub fn number(text: &str) -> Option<u16> {
    let digits = text.trim();
    let digits = digits.strip_prefix("DBM").or(digits.strip_prefix("dbm")).unwrap_or(digits);
    digits.parse().ok()
}
