/** What to do when an operation ended with this code: the words of docs/errors.md. */
export const remedies: Readonly<Record<string, string>> = {
  M0144: 'Ask the approvers whom the operation lists; start the rest again.',
  M0163: 'The nodes refused to sign a transaction that is not exactly what was approved. Nothing to do.',
  M0164: 'The nonce is bound to another transaction: start the operation again.',
  M0180: 'It was not approved or finished in time. Start it again; what the reason calls executed may still land.',
  M0181: 'Ask the approver who rejected it.',
  M0182: 'It was cancelled. Start it again if it is still wanted.',
  M0190: 'Do not repeat it blindly: it may still land. Tell the node admins which check failed.',
  M0191: 'It is signed and may still land: watch the address and nonce, and send the same bytes again.',
  M0192: 'The wallet has no endpoint for this chain: tell who runs the vault.',
  M0193: 'A Policy Node does not answer. The operation goes on by itself once it is back.',
  M0240: 'The vault is frozen: find out why. The owners end the freeze by an operation.',
  M0245: 'Wait until the window has moved on, or change the limit.',
  M0247: 'Ask the owner who vetoed it. What the reason calls executed may still land.',
}
