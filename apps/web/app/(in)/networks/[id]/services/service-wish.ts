/** A service of plain hosts as its form has it. */
export interface ServiceText {
  namespace: string;
  name: string;
  /** `80`, `80:8080`, `53/udp`, or with names `http=80:8080`; several with commas or spaces between. */
  ports: string;
  /** `KEY=VALUE`, several with commas or spaces between. */
  labels: string;
  check: '' | 'tcp' | 'http';
  path: string;
}

/** What the API is to be told. What cannot be read is told as it is, and refused by its place. */
export function serviceWish({ namespace, name, ports, labels, check, path }: ServiceText): unknown {
  return {
    namespace: namespace.trim(),
    name: name.trim(),
    ports: partsOf(ports).map(portOf),
    labels: Object.fromEntries(
      partsOf(labels).map((part) => {
        const at = part.indexOf('=');
        return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
      }),
    ),
    check:
      check === ''
        ? null
        : { kind: check, ...(check === 'http' && path.trim() !== '' && { path: path.trim() }) },
  };
}

function portOf(part: string): unknown {
  const [before = '', after] = part.split('=');
  const [numbers = '', protocol] = (after ?? before).split('/');
  const [port, targetPort] = numbers.split(':');
  return {
    ...(after !== undefined && { name: before }),
    ...(protocol !== undefined && { protocol: protocol.toUpperCase() }),
    port: Number(port),
    ...(targetPort !== undefined && { targetPort: Number(targetPort) }),
  };
}

function partsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}

/** Which field of the form a path of the API speaks of, and what of it in words. */
export function problemsOf(
  issues: readonly { path: string; message: string }[],
): Partial<Record<keyof ServiceText, string>> {
  const problems: Partial<Record<keyof ServiceText, string>> = {};
  for (const { path, message } of issues) {
    const [field = '', at, part] = path.split('.');
    if (field === 'ports' && at !== undefined)
      problems.ports ??= `port ${Number(at) + 1}${part ? `, ${part}` : ''}: ${message}`;
    else if (field === 'check') problems[at === 'path' ? 'path' : 'check'] ??= message;
    // The form has labels alone.
    else if (field === 'peerId') problems.labels ??= message;
    else problems[field as keyof ServiceText] ??= message;
  }
  return problems;
}
