import { LONGEST_ERROR_MESSAGE, type TraceRow } from '../../contracts/traces.ts';
import { contentHash } from '../../platform/content-hash.ts';
import { wellFormedJson } from '../../platform/well-formed-json.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { insertTraceSegment, storedIds } from '../../store/clickhouse/traces.ts';
import { takeImagesOut } from '../../store/images/image-references.ts';
import { storeImage } from '../../store/images/stored-images.ts';

const BLOCK_ROWS = 2_000;
const BLOCK_BYTES = 8 * 1024 * 1024;

/**
 * Gathers rows into blocks and stores those that are not there yet, each month's under a token of its own. A block's token is
 * made of all its ids, those that are there already too: cut off and begun again, the same block has the same token,
 * and ClickHouse drops what an earlier attempt may still be inserting. Of a block that an earlier attempt has stored all is sent
 * again, to be dropped where it is: a ClickHouse that died amid the insert may have it in the table and not in its roll-ups.
 */
export class ImportBlocks {
  readonly #clickhouse: ClickHouseClient;
  readonly #artifacts: ArtifactStore;
  readonly #project: string;
  /** Whether an earlier attempt may have stored some. */
  readonly #again: boolean;
  #rows = new Map<string, TraceRow>();
  #bytes = 0;
  imported = 0;
  known = 0;

  constructor(clickhouse: ClickHouseClient, artifacts: ArtifactStore, { project, again }: { project: string; again: boolean }) {
    this.#clickhouse = clickhouse;
    this.#artifacts = artifacts;
    this.#project = project;
    this.#again = again;
  }

  /** Whether a block is full, and to be stored. */
  add(row: TraceRow): boolean {
    if (this.#rows.has(row.id)) {
      this.known++;
      return false;
    }
    this.#rows.set(row.id, row);
    this.#bytes += row.request.length + row.response.length;
    return this.#rows.size >= BLOCK_ROWS || this.#bytes >= BLOCK_BYTES;
  }

  async store(): Promise<void> {
    const rows = [...this.#rows.values()];
    this.#rows = new Map();
    this.#bytes = 0;
    if (rows.length === 0) return;
    const block = contentHash(rows.map(({ id }) => id));
    const there = await storedIds(
      this.#clickhouse,
      this.#project,
      rows.map(({ id }) => id),
    );
    const segment = `import-${block.slice(0, 32)}`;
    const missing = rows.filter(({ id }) => !there.has(id));
    const sent = this.#again ? rows.filter(({ id }) => !there.has(id) || there.get(id) === segment) : missing;
    this.known += rows.length - missing.length;
    const lines = new Map<string, string[]>();
    for (const row of sent) {
      const month = row.ts.slice(0, 7);
      const line = await this.#line(row, segment);
      lines.set(month, [...(lines.get(month) ?? []), line]);
    }
    for (const [month, some] of lines)
      await insertTraceSegment(this.#clickhouse, { token: `import-${block}.${month}`, lines: Buffer.from(some.join('')) });
    this.imported += missing.length;
  }

  /** Images go first: a row that can be read has its images. */
  async #line(row: TraceRow, segment: string): Promise<string> {
    const { body, images } = takeImagesOut(row.request);
    for (const { sha256, base64 } of images) await storeImage(this.#artifacts, this.#project, sha256, Buffer.from(base64, 'base64'));
    return `${wellFormedJson({ segment_id: segment, ...row, error_message: row.error_message.slice(0, LONGEST_ERROR_MESSAGE), request: body })}\n`;
  }
}
