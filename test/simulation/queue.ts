/** A priority queue by time; what has the same time comes out in the order in which it went in. */
export class EventQueue<T extends { at: number; order: number }> {
  private readonly heap: T[] = [];
  private count = 0;

  get size(): number {
    return this.heap.length;
  }

  push(item: T): void {
    const { heap } = this;
    item.order = this.count++;
    let index = heap.length;
    heap.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (before(heap[parent]!, item)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = item;
  }

  pop(): T | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (before(last, heap[child]!)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function before(left: { at: number; order: number }, right: { at: number; order: number }): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}
