//! Writes the definitions next to the types: `make crds`.

use std::error::Error;
use std::fs;
use std::path::Path;

const HEADER: &str = "# Made from the types in crds/src by `make crds`. Do not edit.\n";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for definition in crds::definitions() {
        let text = serde_saphyr::to_string(&definition.resource)?;
        fs::write(folder.join(definition.file), format!("{HEADER}{text}"))?;
    }
    Ok(())
}
