import { useId } from 'preact/hooks';

interface FieldProps {
  label: string;
  value: string;
  onText: (text: string) => void;
  type?: 'text' | 'email' | 'password';
  name?: string;
  autocomplete?: string;
  hint?: string;
  minLength?: number;
  maxLength?: number;
  autoFocus?: boolean;
  /** Default: true. */
  required?: boolean;
}

/** A labelled input. */
export function Field({
  label,
  value,
  onText,
  type = 'text',
  hint,
  required = true,
  ...attributes
}: FieldProps) {
  const id = useId();
  const hintId = `${id}-hint`;
  const common = {
    ...attributes,
    id,
    value,
    required,
    onInput: (event: { currentTarget: HTMLInputElement }) => onText(event.currentTarget.value),
    'aria-describedby': hint === undefined ? '' : hintId,
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <Input {...common} type={type} />
      {hint !== undefined && (
        <p class="hint" id={hintId}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** The types of these elements differ. */
function Input({ type, ...attributes }: { type: 'text' | 'email' | 'password'; required: boolean }) {
  switch (type) {
    case 'text':
      return <input {...attributes} type="text" />;
    case 'email':
      return <input {...attributes} type="email" />;
    case 'password':
      return <input {...attributes} type="password" />;
  }
}
