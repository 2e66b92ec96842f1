/** The help text of `weft agent` and docs/SETTINGS.md, both from the table of settings. */
import type { RangedKind } from './kinds.js';
import { environmentName, settingRows } from './settings.js';

type Row = (typeof settingRows)[number];

function defaultOf(row: Row): string {
  if (row.default === undefined) return 'none';
  return typeof row.default === 'string' ? row.default : row.default.text;
}

function rangeOf(row: Row): string {
  const kind = row.kind as Row['kind'] & Partial<RangedKind>;
  return kind.min === undefined || kind.max === undefined
    ? ''
    : `${row.kind.show(kind.min)} to ${row.kind.show(kind.max)}`;
}

function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.split(' ')) {
    if (line !== '' && line.length + 1 + piece.length > width) {
      lines.push(line);
      line = piece;
    } else line = line === '' ? piece : `${line} ${piece}`;
  }
  return [...lines, line].map((each) => indent + each).join('\n');
}

/** `weft agent --help`. */
export function helpText(): string {
  const rows = settingRows.map((row) => {
    const range = rangeOf(row);
    const notes = [row.many ? 'repeatable' : '', range, `default: ${defaultOf(row)}`].filter((note) => note !== '');
    const value = row.kind.placeholder === '' ? '' : ` ${row.kind.placeholder}`;
    return `  --${row.flag}${value}\n${wrap(`${row.sentence} (${notes.join('; ')})`, 92, '      ')}`;
  });
  return `weft agent [FLAGS]   runs one agent until SIGINT or SIGTERM

Each flag can also be an environment variable (--batch-window is WEFT_BATCH_WINDOW) or a line
'batch-window = 250ms' in the file named by --config FILE. A flag wins over the environment, the
environment over the file. Times and sizes carry a unit: 250ms, 10s, 8MiB.

${rows.join('\n')}
`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** docs/SETTINGS.md. */
export function settingsPage(): string {
  const rows = settingRows.map((row) => {
    const value = row.kind.placeholder === '' ? '' : ` ${row.kind.placeholder}`;
    const cells = [
      `\`--${row.flag}${value}\``,
      `\`${environmentName(row.flag)}\``,
      defaultOf(row),
      rangeOf(row),
      row.sentence,
    ];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return `# Settings

<!-- From src/config/settings.ts by \`npm run docs\`. Do not edit. -->

A setting comes from a flag of \`weft agent\`, else from the environment, else from the file named by \`--config FILE\`
(or \`WEFT_CONFIG\`), else it has its default. The file has one \`flag = value\` per line, without the dashes; lines that
begin with \`#\` are comments. A repeatable setting is given by several flags, by several lines of the file, or in the
environment separated by spaces. Times and sizes carry a unit: \`ms\`, \`s\`, \`m\`, \`h\`, \`d\`; \`B\`, \`KB\`, \`MB\`, \`GB\`, \`TB\`,
\`KiB\`, \`MiB\`, \`GiB\`, \`TiB\`. A switch is turned off by \`--no-FLAG\` or \`--FLAG=false\`. Whatever is wrong is printed, one
line per mistake, and the agent ends with exit code 2. Credentials of S3 are no settings: they come from the AWS
environment (\`AWS_ACCESS_KEY_ID\`, profiles, instance roles).

| flag | environment | default | range | meaning |
|---|---|---|---|---|
${rows.join('\n')}
`;
}
