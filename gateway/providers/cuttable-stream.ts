import { Readable } from 'node:stream';

/** A stream made of another one: where it is destroyed, `cut` lets go of the other at once. `Readable.from` would wait for its next frame. */
export function cuttableStream(frames: AsyncGenerator<Buffer>, cut: () => void): Readable {
  return new Readable({
    read() {
      frames.next().then(
        ({ value, done }) => this.push(done ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      cut();
      done(error);
    },
  });
}
