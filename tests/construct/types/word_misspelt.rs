//! A word that is none.

use queuestack::construct::*;

fn main() {
    let mut stack = Stack::new("types");
    Function::new(&mut stack, "f").architecture(Architecture::Arm65).build();
    drop(stack);
}
