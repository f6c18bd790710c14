/** Documents name real files: every path in backticks that begins with one of our folders must be there. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const documents = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '');

const PATH = /`((?:apps|packages|prisma|e2e|infra|docs)\/[^`\s]*)`/g;
const LINK = /\]\((?!https?:|#)([^)\s#]+)/g;

describe('documents', () => {
  it('name files that are there', () => {
    const wrong: string[] = [];
    let named = 0;
    for (const document of documents) {
      const text = readFileSync(join(ROOT, document), 'utf8');
      const paths = [...text.matchAll(PATH)].map((match) => join(ROOT, match[1] as string));
      const links = [...text.matchAll(LINK)].map((match) =>
        join(ROOT, dirname(document), match[1] as string),
      );
      for (const path of [...paths, ...links]) {
        // A folder with a name left open stands for each of its kind.
        const certain = path.includes('<') ? path.slice(0, path.indexOf('<')) : path;
        named += 1;
        if (!existsSync(certain)) wrong.push(`${document}: ${path.slice(ROOT.length + 1)}`);
      }
    }
    expect(named).toBeGreaterThan(10);
    expect(wrong).toEqual([]);
  });
});
