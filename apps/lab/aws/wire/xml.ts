/** XML as AWS writes it. A list is an element repeated: `{ vpcSet: { item: [a, b] } }`. */

export type Xml =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Xml[]
  | { readonly [name: string]: Xml };

/** A whole document with one root element. `null` and `undefined` write nothing. */
export function document(root: string, namespace: string | null, content: Xml): string {
  const open = namespace ? `${root} xmlns="${namespace}"` : root;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${open}>${inner(content)}</${root}>`;
}

function element(name: string, content: Xml): string {
  if (content === undefined || content === null) return '';
  if (Array.isArray(content)) return content.map((each: Xml) => element(name, each)).join('');
  return `<${name}>${inner(content)}</${name}>`;
}

function inner(content: Xml): string {
  if (content === undefined || content === null) return '';
  if (typeof content !== 'object') return escaped(String(content));
  return Object.entries(content)
    .map(([name, each]) => element(name, each))
    .join('');
}

/** Control characters have no place in XML 1.0; carriage returns would be read as newlines. */
function escaped(text: string): string {
  return (
    text
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;')
      .replace(/\r/g, '&#13;')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get in
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')
  );
}
