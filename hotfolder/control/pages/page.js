// What every part of the page uses: its elements, its questions to hotfolder, and telling of trouble.

export const $ = (id) => document.getElementById(id);

export class Trouble extends Error {
  constructor(status, title, advice) {
    super([title, advice].filter(Boolean).join(" "));
    this.status = status;
  }
}

/** Ask hotfolder; without a body it is a GET. Throws Trouble. */
export async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let answer;
  try {
    answer = await fetch(`api/${path}`, options);
  } catch {
    throw new Trouble(0, "hotfolder does not answer.", "Start it again, and this page opens anew.");
  }
  const facts = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new Trouble(answer.status, facts.title ?? "hotfolder has a problem.", facts.advice ?? "");
  }
  return facts;
}

export function tell(error) {
  $("trouble").textContent = error ? error.message : "";
  $("trouble").hidden = !error;
}

/** An element with text and attributes; text is never read as HTML. */
export function make(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Run it, and show what goes wrong; the button sleeps meanwhile. */
export async function attempt(work, button) {
  if (button) button.disabled = true;
  tell(null);
  try {
    return await work();
  } catch (error) {
    tell(error);
    return undefined;
  } finally {
    if (button) button.disabled = false;
  }
}

/** Show one step; its heading is where a screen reader goes on. */
export function show(step) {
  let isBefore = true;
  for (const item of $("steps").children) {
    const isCurrent = item.dataset.step === step;
    if (isCurrent) isBefore = false;
    item.classList.toggle("done", isBefore || (isCurrent && step === "ready"));
    if (isCurrent) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== step;
  $(`${step}-title`).focus();
  window.scrollTo(0, 0);
}
