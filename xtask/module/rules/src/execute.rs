//! Carrying out a call. The kernel discards what a rejected call wrote, so order here is for the reader.

use execution::{Context, Reject};
use types::{Address, THR};

use crate::call::{ModuleNameCall, ModuleNameWrite};
use crate::event::ModuleNameEvent;
use crate::genesis::ModuleNameParameters;
use crate::keys;
use crate::record::{NoteRecord, read, write};
use crate::reject::ModuleNameReject;

/// Carries out a checked call for `sender`.
pub(crate) fn execute(context: &mut Context<'_, '_>, sender: Address, call: ModuleNameCall) -> Result<(), Reject> {
    match call {
        ModuleNameCall::Write(write) => leave(context, sender, write),
    }
}

/// Burns the fee and puts the note in the place of the author's last one.
fn leave(context: &mut Context<'_, '_>, author: Address, ModuleNameWrite { text }: ModuleNameWrite) -> Result<(), Reject> {
    let fee = ModuleNameParameters::read(context).fee;
    context.burn(THR, &author, fee).map_err(|_| ModuleNameReject::FeeUnpayable)?;
    let before: Option<NoteRecord> = read(context, &keys::note(&author));
    let written = before.map_or(0, |note| note.written).saturating_add(1);
    let number = read::<u64>(context, &keys::count()).unwrap_or_default().saturating_add(1);
    let time = context.block().time;
    write(context, &keys::note(&author), &NoteRecord { text: text.clone(), time, written });
    write(context, &keys::count(), &number);
    ModuleNameEvent::Written { author, number, text }.emit(context)
}
