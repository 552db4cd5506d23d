/** Segments are sealed at about this size; one with longer bodies gets memory of its own. */
const KEPT_BYTES = 6 * 1024 * 1024;

/**
 * Memory that one shipment after the other uses. New memory for each would be some 20 MB a second at full load: it outlives V8's
 * short collections, so that only full ones, of 10 ms and more, would give it back.
 */
export class ShippingMemory {
  readonly #pieces = new Map<'segment' | 'rows', Buffer>();

  /** So many bytes, with anything in them; the last ones of that name are no longer whole. */
  take(name: 'segment' | 'rows', bytes: number): Buffer {
    if (bytes > KEPT_BYTES) return Buffer.allocUnsafe(bytes);
    let piece = this.#pieces.get(name);
    if (!piece) this.#pieces.set(name, (piece = Buffer.allocUnsafeSlow(KEPT_BYTES)));
    return piece.subarray(0, bytes);
  }

  /** After a shipment that failed: the connection that was sending may still read what it has. */
  abandon(): void {
    this.#pieces.clear();
  }
}
