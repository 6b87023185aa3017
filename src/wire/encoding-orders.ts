import { type Order, orderKinds } from '../core/orders.ts';
import type { Reader, Writer } from './bytes.ts';

/**
 * Each: its kind (1, by its place in `orderKinds`), what it is about, its value, its version (6), through whom it came, and
 * the milliseconds that are left of it plus one (6; 0: it lasts until it is taken back).
 */
export function writeOrders(writer: Writer, orders: readonly Order[]): void {
  writer.u8(orders.length);
  for (const { kind, about, value, version, by, remaining } of orders) {
    writer.u8(orderKinds.indexOf(kind));
    writer.text(about);
    writer.text(value);
    writer.u48(version);
    writer.text(by);
    writer.u48(remaining === undefined ? 0 : Math.ceil(remaining) + 1);
  }
}

/** Leaves out what a newer version orders and this one does not know. */
export function readOrders(reader: Reader): Order[] {
  const read = reader.list(() => {
    const kind = orderKinds[reader.u8()];
    const order = { about: reader.text(), value: reader.text(), version: reader.u48(), by: reader.text() };
    const time = reader.u48();
    return { kind, ...order, ...(time === 0 ? {} : { remaining: time - 1 }) };
  });
  return read.flatMap(({ kind, ...order }) => (kind === undefined ? [] : [{ kind, ...order }]));
}
