import { createOperatorPage } from './create-operator-page.js';

createOperatorPage();
