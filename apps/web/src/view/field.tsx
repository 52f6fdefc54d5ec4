import type { InputHTMLAttributes } from 'preact';
import { useId } from 'preact/hooks';

/** A labelled line of input. */
export function Field({
  label,
  value,
  onText,
  hint,
  ...input
}: { label: string; value: string; onText: (text: string) => void; hint?: string } & Omit<
  InputHTMLAttributes<HTMLInputElement>,
  'value' | 'label'
>) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        value={value}
        onInput={(event) => onText(event.currentTarget.value)}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        {...input}
      />
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
