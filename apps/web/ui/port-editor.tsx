'use client';
/** The ports that are open between clusters. */
import type { AllowedPort } from '@skein/contract/primitive.ts';
import { Plus, X } from 'lucide-react';
import { type KeyboardEvent, useState } from 'react';
import { Button } from './button.tsx';
import { SelectField, TextField } from './field.tsx';

export function PortEditor({
  ports,
  onChange,
}: {
  ports: readonly AllowedPort[];
  onChange: (ports: AllowedPort[]) => void;
}) {
  const [protocol, setProtocol] = useState<'tcp' | 'udp'>('tcp');
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string>();

  function add() {
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65535) return setProblem('A number from 1 to 65535');
    setProblem(undefined);
    setText('');
    if (!ports.some((one) => one.protocol === protocol && one.port === port))
      onChange([...ports, { protocol, port }]);
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    add();
  };

  return (
    <div className="space-y-4">
      {ports.length === 0 ? (
        <p className="text-sm text-quiet">No port is open.</p>
      ) : (
        <ul aria-label="Open ports" className="flex flex-wrap gap-2">
          {ports.map((one) => (
            <li
              key={`${one.protocol}/${one.port}`}
              className="flex items-center gap-1 rounded-md border border-line bg-sunken py-1 pr-1 pl-2.5 font-mono text-sm"
            >
              {one.protocol.toUpperCase()} {one.port}
              <button
                type="button"
                aria-label={`Close ${one.protocol.toUpperCase()} ${one.port}`}
                onClick={() => onChange(ports.filter((other) => other !== one))}
                className="rounded-sm p-1 text-faint hover:text-bad"
              >
                <X size={13} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="grid max-w-sm grid-cols-[6rem_1fr_auto] items-start gap-2">
        <SelectField
          label="Protocol"
          value={protocol}
          onChange={(event) => setProtocol(event.target.value as 'tcp' | 'udp')}
        >
          <option value="tcp">TCP</option>
          <option value="udp">UDP</option>
        </SelectField>
        <TextField
          label="Port"
          inputMode="numeric"
          placeholder="8080"
          value={text}
          problem={problem}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <Button className="mt-6" onClick={add}>
          <Plus size={15} aria-hidden /> Open
        </Button>
      </div>
    </div>
  );
}
