/** A checker saw what must never be. */
export class Violation extends Error {}
