import { marked } from 'marked';
import type { Token } from 'marked';

/** One command as it was written: `/rollback income to 1.2.0 because it is slow`. */
export interface Invocation {
  /** Lower case, without the slash. */
  readonly name: string;
  /** What stands between the name and `because`, split at spaces. */
  readonly words: readonly string[];
  readonly because?: string;
  /** The whole line, for the answer. */
  readonly line: string;
}

/** Stands where inline code begins, so that a line which is code is told from one that holds some. */
const codeMark = '\u0000';
const commandLine = /^[ \t]{0,3}\/([a-z][a-z-]*)(?:[ \t]+(.*))?$/i;

/**
 * The commands of a comment, in order: lines that begin with a slash and a word. Code blocks, quotes, lists, tables, HTML
 * and hidden comments are not lines of the person who wrote the comment, so nothing in them is a command.
 */
export function parseCommands(body: string): readonly Invocation[] {
  return marked
    .lexer(body)
    .flatMap((token) => (token.type === 'paragraph' ? plainText(token).split('\n') : []))
    .flatMap((line) => invocationOf(line));
}

function plainText(token: Token): string {
  if (token.type === 'codespan') return `${codeMark}${token.raw.replace(/^`+|`+$/g, '').replaceAll('\n', ' ')}`;
  if (token.type === 'html') return '';
  if (token.type === 'br') return '\n';
  if (token.type === 'paragraph' && 'tokens' in token) return (token.tokens ?? []).map(plainText).join('');
  return token.raw;
}

function invocationOf(line: string): readonly Invocation[] {
  const found = commandLine.exec(line);
  if (found === null) return [];
  const [, name = '', rest = ''] = found;
  const [before = '', ...after] = rest.replaceAll(codeMark, '').split(/(?:^|\s)because(?=\s|$)/i);
  const because = after.join(' because').trim();
  return [
    {
      name: name.toLowerCase(),
      words: before.split(/\s+/).filter((word) => word !== ''),
      ...(because === '' ? {} : { because }),
      line: line.replaceAll(codeMark, '').trim(),
    },
  ];
}
