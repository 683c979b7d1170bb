//! The file system: programs, candidates and imports. Read by the verbs; the library itself reads no files.
use crate::session::Loader;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// The bytes of a file, or of standard input for `-`; else why not, in words.
pub fn read(name: &str) -> Result<Vec<u8>, String> {
    if name == "-" {
        let mut bytes = vec![];
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(|e| reason(&e))?;
        return Ok(bytes);
    }
    if Path::new(name).is_dir() {
        return Err("it is a folder".into());
    }
    std::fs::read(name).map_err(|e| reason(&e))
}

/// The text of a program.
pub fn read_text(name: &str) -> Result<String, String> {
    String::from_utf8(read(name)?).map_err(|e| format!("it is not UTF-8 (byte {})", e.utf8_error().valid_up_to()))
}

fn reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind::*;
    match error.kind() {
        NotFound => "there is no such file".into(),
        PermissionDenied => "reading it is not permitted".into(),
        _ => error.to_string().to_lowercase(),
    }
}

/// Replaces the text of a file at once: whoever reads it meanwhile sees the old text or the new one. A link stays a link.
pub fn replace(name: &str, text: &str) -> Result<(), String> {
    let path = std::fs::canonicalize(name).map_err(|e| reason(&e))?;
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = path.with_file_name(format!(".{file}.{}.new", std::process::id()));
    let permissions = std::fs::metadata(&path).map(|m| m.permissions());
    let written = permissions.and_then(|permissions| {
        std::fs::write(&beside, text)?;
        std::fs::set_permissions(&beside, permissions)?;
        std::fs::rename(&beside, &path)
    });
    written.map_err(|e| {
        let _ = std::fs::remove_file(&beside);
        match e.kind() {
            std::io::ErrorKind::PermissionDenied => "writing it is not permitted".into(),
            _ => e.to_string().to_lowercase(),
        }
    })
}

/// The programs in a folder and below, sorted; hidden folders and build output are left out, and links to folders.
pub fn programs(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    for e in entries {
        let name = e.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if e.is_file() && e.extension().is_some_and(|x| x == "dbm") {
            found.push(e);
        } else if e.is_dir() && !e.is_symlink() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            programs(&e, depth, found);
        }
    }
}

/// The names in the folder of a path that does not exist, to find the near one among.
pub fn siblings(name: &str) -> Vec<String> {
    let path = Path::new(name);
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|e| e.file_name().into_string().ok())
        .map(|n| folder.map_or(n.clone(), |f| f.join(&n).to_string_lossy().into_owned()))
        .collect();
    names.sort();
    names
}

/// Gives programs what they import, relative to the importing file.
pub struct FileLoader {
    root: String,
}

impl FileLoader {
    /// A loader for a program of that name.
    pub fn new(root: &str) -> Self {
        FileLoader { root: root.to_string() }
    }
}

impl Loader for FileLoader {
    fn load(&self, from: &str, path: &str) -> Result<(String, String), String> {
        let folder = if from == "-" { Path::new("") } else { Path::new(from).parent().unwrap_or(Path::new("")) };
        let full = normal(&folder.join(path));
        let name = match full == normal(Path::new(&self.root)) {
            true => self.root.clone(),
            false => full.to_string_lossy().into_owned(),
        };
        let text = read_text(&full.to_string_lossy()).map_err(|why| format!("`{name}` cannot be read: {why}"))?;
        Ok((name, text))
    }
}

/// The path without `.` and, as far as it goes, without `..`: one file, one name.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_name() {
        assert_eq!(normal(Path::new("./a/../b/./c.dbm")), Path::new("b/c.dbm"));
        assert_eq!(normal(Path::new("../a.dbm")), Path::new("../a.dbm"));
    }
}
