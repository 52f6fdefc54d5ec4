import { render } from 'preact';
import { Session } from './model/session.js';
import { App } from './view/app.js';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no place for the chat');
const session = new Session();
void session.start();
render(<App session={session} />, root);
