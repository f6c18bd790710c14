/** Labelled inputs, with help and what is wrong read out with them. */
import { type ComponentProps, type ReactNode, useId } from 'react';

const CONTROL =
  'w-full min-h-9 rounded-md border border-line-strong bg-raised px-3 py-1.5 text-base placeholder:text-faint disabled:bg-sunken disabled:text-faint focus-visible:outline-offset-0 aria-invalid:border-bad';

interface About {
  label: string;
  help?: ReactNode;
  problem?: string | undefined;
}

function Around({ id, label, help, problem, children }: About & { id: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-1 block text-sm font-medium">
        {label}
      </label>
      {children}
      {problem ? (
        <p id={`${id}-about`} className="mt-1 text-sm [overflow-wrap:anywhere] text-bad">
          {problem}
        </p>
      ) : (
        help && (
          <p id={`${id}-about`} className="mt-1 text-sm [overflow-wrap:anywhere] text-faint">
            {help}
          </p>
        )
      )}
    </div>
  );
}

export function TextField({ label, help, problem, ...rest }: About & ComponentProps<'input'>) {
  const id = useId();
  return (
    <Around id={id} label={label} help={help} problem={problem}>
      <input
        id={id}
        aria-describedby={help || problem ? `${id}-about` : undefined}
        aria-invalid={problem ? true : undefined}
        {...rest}
        className={`${CONTROL} h-9`}
      />
    </Around>
  );
}

export function AreaField({ label, help, problem, ...rest }: About & ComponentProps<'textarea'>) {
  const id = useId();
  return (
    <Around id={id} label={label} help={help} problem={problem}>
      <textarea
        id={id}
        rows={5}
        aria-describedby={help || problem ? `${id}-about` : undefined}
        aria-invalid={problem ? true : undefined}
        {...rest}
        className={`${CONTROL} font-mono text-sm`}
      />
    </Around>
  );
}

export function SelectField({ label, help, problem, children, ...rest }: About & ComponentProps<'select'>) {
  const id = useId();
  return (
    <Around id={id} label={label} help={help} problem={problem}>
      <select
        id={id}
        aria-describedby={help || problem ? `${id}-about` : undefined}
        aria-invalid={problem ? true : undefined}
        {...rest}
        className={CONTROL.replace('px-3', 'px-2')}
      >
        {children}
      </select>
    </Around>
  );
}
