const ESCAPE = '\u001b';
const BELL = '\u0007';
const CONTROL = '\\[([0-?]*)[ -/]*([@-~])';
const TITLE = `\\][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)`;
/** Sequences whole, else characters one by one. */
const PIECES = new RegExp(`${ESCAPE}(?:${CONTROL}|${TITLE}|[()][0-9A-Z]|[78=>cDEHM])|.`, 'gsu');

/**
 * What a terminal shows, as far as a full-screen program needs one: text, places, lines, clearing (ECMA-48); colours, modes
 * and titles are passed over. Every character takes one cell.
 */
export class Screen {
  readonly #cells: string[][];
  readonly #columns: number;
  #row = 0;
  #column = 0;
  /** A sequence of which the rest has not come yet. */
  #begun = '';

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#cells = Array.from({ length: rows }, () => blank(columns));
  }

  /** The lines without the blanks at their ends. */
  lines(): string[] {
    return this.#cells.map((row) => row.join('').trimEnd());
  }

  /** The line with the cursor: a program with fields puts it where its reader types. */
  cursorLine(): string {
    return this.#cells[this.#row]?.join('').trimEnd() ?? '';
  }

  write(text: string): void {
    const all = this.#begun + text;
    this.#begun = '';
    for (const match of all.matchAll(PIECES)) {
      const [piece, parameters, final] = match;
      if (piece === ESCAPE) {
        // Not whole: it goes on with what comes next.
        this.#begun = all.slice(match.index);
        return;
      }
      if (final !== undefined) this.#control(final, parameters ?? '');
      else if (!piece.startsWith(ESCAPE)) this.#put(piece);
    }
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') {
      this.#row = Math.min(this.#row + 1, this.#cells.length - 1);
      this.#column = 0;
    } else if (character >= ' ') {
      const row = this.#cells[this.#row];
      if (row !== undefined && this.#column < this.#columns) row[this.#column] = character;
      this.#column += 1;
    }
  }

  #control(final: string, parameters: string): void {
    const [first = 0, second = 0] = parameters.split(';').map(Number);
    if (final === 'H' || final === 'f') {
      this.#row = Math.min(Math.max(first, 1), this.#cells.length) - 1;
      this.#column = Math.max(second, 1) - 1;
    } else if (final === 'A') this.#row = Math.max(this.#row - Math.max(first, 1), 0);
    else if (final === 'B') this.#row = Math.min(this.#row + Math.max(first, 1), this.#cells.length - 1);
    else if (final === 'C') this.#column += Math.max(first, 1);
    else if (final === 'D') this.#column = Math.max(this.#column - Math.max(first, 1), 0);
    else if (final === 'G') this.#column = Math.max(first, 1) - 1;
    else if (final === 'J' && first >= 2) for (const row of this.#cells) row.fill(' ');
    else if (final === 'K') this.#cells[this.#row]?.fill(' ', this.#column);
  }
}

function blank(columns: number): string[] {
  return Array.from({ length: columns }, () => ' ');
}
