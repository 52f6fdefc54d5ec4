import { byId, setText } from './dom.js';

export interface Question {
  readonly title: string;
  /** What happens, and to which user, room or node. */
  readonly text: string;
  /** Text of the button that confirms. */
  readonly yes: string;
  /** Runs the action; if it rejects, the dialog shows the reason and stays open. */
  act(): Promise<void>;
  /** Called after the dialog has closed because the action succeeded: for the focus, if its button is gone. */
  done?(): void;
}

/** Asks for confirmation before an action. The safe answer has the focus, and Escape selects it. */
export class Confirmation {
  readonly #dialog = byId('confirmation', HTMLDialogElement);
  readonly #error = byId('confirmation-error', HTMLElement);
  readonly #yes = byId('confirmation-yes', HTMLButtonElement);
  readonly #no = byId('confirmation-no', HTMLButtonElement);
  #question: Question | undefined;

  constructor() {
    this.#no.addEventListener('click', () => this.#dialog.close());
    this.#yes.addEventListener('click', () => void this.#act());
    this.#dialog.addEventListener('close', () => {
      this.#question = undefined;
    });
  }

  ask(question: Question): void {
    this.#question = question;
    setText(byId('confirmation-title', HTMLElement), question.title);
    setText(byId('confirmation-text', HTMLElement), question.text);
    setText(this.#yes, question.yes);
    setText(this.#error, '');
    this.#yes.disabled = false;
    this.#dialog.showModal();
    this.#no.focus();
  }

  close(): void {
    this.#dialog.close();
  }

  async #act(): Promise<void> {
    const question = this.#question;
    if (question === undefined) return;
    this.#yes.disabled = true;
    try {
      await question.act();
      if (this.#question !== question) return;
      this.#dialog.close();
      question.done?.();
    } catch (error) {
      if (this.#question === question)
        setText(this.#error, `That did not work: ${(error as Error).message}.`);
    } finally {
      this.#yes.disabled = false;
    }
  }
}
