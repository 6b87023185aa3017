'use strict';
// Loaded before musterd: a wall clock that jumps a year ahead or back whenever it is looked at, as one that somebody sets.
const { now } = Date;
let looks = 0;
Date.now = () => {
  looks++;
  return now() + (looks % 3 === 0 ? 31_536_000_000 : looks % 3 === 1 ? -31_536_000_000 : 0);
};
