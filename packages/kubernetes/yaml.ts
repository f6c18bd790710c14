/** Objects as YAML documents, as people read and `kubectl apply` takes them. */

/** One document an object, keys as they stand. Undefined values are left out. */
export function yamlOf(objects: readonly object[]): string {
  return objects.map((object) => `---\n${lines(object).join('\n')}\n`).join('');
}

function lines(value: object): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => hung('- ', item));
  return Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .flatMap(([key, item]) => {
      const name = scalar(key);
      if (!isTree(item)) return [`${name}: ${scalar(item)}`];
      // A list may stand as far left as its name.
      return [`${name}:`, ...lines(item).map((line) => (Array.isArray(item) ? line : `  ${line}`))];
    });
}

/** The first line behind the mark, the others as far in. */
function hung(mark: string, item: unknown): string[] {
  if (!isTree(item)) return [`${mark}${scalar(item)}`];
  return lines(item).map((line, index) => `${index === 0 ? mark : '  '}${line}`);
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

/** Bare only where no reader takes it for anything but this text; else as JSON, which YAML 1.2 contains. */
function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const bare = /^[A-Za-z/][\w./-]*$/.test(value) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  return bare ? value : JSON.stringify(value);
}
