import { button, element, setText } from './dom.js';
import { OperatorError } from './operator-client.js';

export interface FormDialogParts {
  readonly title: string;
  readonly text?: string;
  readonly fields: readonly HTMLElement[];
  /** Text of the button that sends it. */
  readonly send: string;
  /**
   * If it rejects with an `OperatorError`, the dialog shows the reason and stays open.
   * @returns what follows when the dialog has closed
   */
  act(): Promise<() => void>;
}

/** Opens a dialog with a form. It is removed when it closes. @returns a function that closes it */
export function openForm({ title, text, fields, send, act }: FormDialogParts): () => void {
  const error = element('p', { class: 'error', role: 'alert' });
  const submit = element('button', { type: 'submit', class: 'primary' }, send);
  const buttons = element(
    'div',
    { class: 'buttons' },
    button('Cancel', () => close()),
    submit,
  );
  const form = element('form', {}, ...fields, error, buttons);
  const close = openDialog(title, ...(text === undefined ? [] : [element('p', {}, text)]), form);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit.disabled = true;
    setText(error, '');
    act()
      .then((next) => {
        close();
        next();
      })
      .catch((reason: unknown) => {
        if (!(reason instanceof OperatorError)) throw reason;
        setText(error, `That did not work: ${reason.message}.`);
      })
      .finally(() => {
        submit.disabled = false;
      });
  });
  return close;
}

/** Opens a dialog. It is removed when it closes. @returns a function that closes it */
export function openDialog(title: string, ...content: HTMLElement[]): () => void {
  const heading = element('h2', { id: 'dialog-title' }, title);
  const dialog = element('dialog', { class: 'form', 'aria-labelledby': 'dialog-title' }, heading, ...content);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return () => dialog.close();
}
