//! In Lambda.
use crate::StartError;
use crate::pipeline::Core;
pub(crate) async fn run(_core: Core, _environment: &dyn Fn(&str) -> Option<String>) -> Result<(), StartError> {
    Ok(())
}
