// Step 1, the sign-in, and the way from there to the others.

import { $, ask, attempt, show } from "./page.js";
import { chooseWorkflow } from "./steps.js";

const ASK_EVERY_MS = 1000;

let polling = 0;

/** Signed in already? Then on to the workflow. */
async function begin() {
  history.replaceState(null, "", location.pathname); // the address held a secret; it is used up
  try {
    await toWorkflow();
  } catch (error) {
    if (error.status !== 401) throw error;
    show("sign-in");
    follow(await ask("sign-in"));
  }
}

const toWorkflow = async () => chooseWorkflow((await ask("account")).organizations);

/** AutoRetouch's page, opened from here so that it can be closed from here: the person comes back to this one. It keeps
 * its opener, without which no browser lets it be closed; it is AutoRetouch's own address, and no other. */
let confirming = null;

function openConfirming(event) {
  confirming = window.open("about:blank", "_blank");
  if (!confirming) return; // not allowed to: then the link does it, and stays open
  event.preventDefault();
  confirming.location.replace(event.currentTarget.href);
}

function closeConfirming() {
  confirming?.close();
  confirming = null;
}

/** Show how the sign-in stands, and look again while something is under way. */
function follow(state) {
  clearTimeout(polling);
  $("ways").hidden = !["idle", "trouble"].includes(state.phase);
  $("waiting").hidden = state.phase !== "waiting";
  $("no-keyring").hidden = state.phase !== "no_keyring";
  $("starting").hidden = !["starting", "done"].includes(state.phase);
  $("sign-in-words").hidden = !state.words;
  $("sign-in-words").textContent = state.phase === "trouble" ? `${state.words} You can begin anew.` : state.words;
  if (state.phase !== "waiting") closeConfirming();
  if (state.phase === "waiting") {
    $("code").textContent = state.code;
    $("address").href = state.address;
    $("left").textContent = `(${minutes(state.seconds_left)})`;
  }
  if (["starting", "waiting"].includes(state.phase)) {
    polling = setTimeout(() => attempt(async () => follow(await ask("sign-in"))), ASK_EVERY_MS);
  } else if (state.phase === "done") {
    attempt(toWorkflow);
  }
}

const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;

const signIn = (body) => attempt(async () => follow(await ask("sign-in", body)));

$("by-browser").addEventListener("click", () => signIn({ way: "browser" }));
$("address").addEventListener("click", openConfirming);
$("stop").addEventListener("click", () => signIn({ way: "stop" }));
$("in-file").addEventListener("click", () => signIn({ way: "file" }));
$("not-in-file").addEventListener("click", () => signIn({ way: "stop" }));
$("paste-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = $("token").value;
  $("token").value = "";
  signIn({ way: "paste", token });
});

attempt(begin);
