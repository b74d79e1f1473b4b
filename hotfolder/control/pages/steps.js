// Steps 2 to 4: the workflow, the folders, and the end.

import { pickFolder } from "./picker.js";
import { $, ask, attempt, make, show } from "./page.js";

const FIELDS = ["in_folder", "out_folder", "name"];
const LOOK_AFTER_MS = 350;

let suggested = null; // what was suggested for the chosen workflow
let looking = 0; // only the answer to the latest question counts
let timer = 0;

// --- the workflow ---

export async function chooseWorkflow(organizations) {
  $("organization").replaceChildren(...organizations.map((one) => make("option", one.name, { value: one.id })));
  $("organization-part").hidden = organizations.length < 2;
  if (!organizations.length) throw new Error("The account has no organization yet. Make one in the AutoRetouch web app.");
  await offer();
  show("workflow");
}

async function offer() {
  const found = await ask("offer", { organization: $("organization").value });
  $("balance").textContent = found.balance;
  const choices = found.workflows.map((one) => {
    const choice = make("label", "", { class: "choice" });
    const radio = make("input", "", { type: "radio", name: "workflow", value: one.id, required: "" });
    radio.dataset.name = one.name;
    choice.append(radio, make("b", one.name), make("span", one.price));
    return choice;
  });
  const none = make("p", "There is no workflow yet. Make one in the AutoRetouch web app, then reload this page.");
  $("workflows").replaceChildren(...(choices.length ? choices : [none]));
}

const chosenWorkflow = () => document.querySelector("input[name=workflow]:checked");

$("organization").addEventListener("change", () => attempt(offer));
$("workflow-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = chosenWorkflow();
  if (!chosen) return;
  attempt(async () => {
    const fresh = await ask("suggest", { workflow: chosen.dataset.name });
    for (const field of FIELDS) {
      if (!suggested || $(field).value === suggested[field]) $(field).value = fresh[field];
    }
    suggested = fresh;
    $("at-login-part").hidden = (await ask("at-login")).is_installed;
    show("folders");
    await look();
  }, event.submitter);
});

// --- the folders ---

const answers = () => ({
  organization: $("organization").value,
  workflow: chosenWorkflow().value,
  in_folder: $("in_folder").value,
  out_folder: $("out_folder").value,
  name: $("name").value,
  existing: document.querySelector("input[name=existing]:checked")?.value ?? "",
});

/** Look at what was answered; true if nothing stands in the way. */
async function look() {
  clearTimeout(timer);
  const mine = (looking += 1);
  const found = await ask("look", answers());
  if (mine !== looking) return false;
  for (const field of FIELDS) {
    const problem = found.problems[field] ?? "";
    const made = found.new.includes(field) ? "This folder will be made." : "";
    $(`${field}-note`).textContent = problem || made;
    $(field).closest(".field").classList.toggle("bad", Boolean(problem));
    $(field).setAttribute("aria-invalid", String(Boolean(problem)));
  }
  $("existing-part").hidden = !found.words;
  $("existing-words").textContent = found.words;
  for (const choice of $("existing-part").querySelectorAll(".choice")) choice.hidden = !found.images;
  if (found.problems[""]) throw new Error(found.problems[""]);
  const isDecided = !found.images || Boolean(answers().existing);
  $("existing-note").textContent = "";
  return { isFit: Object.keys(found.problems).length === 0, isDecided, beside: found.beside };
}

for (const field of FIELDS) {
  $(field).addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => attempt(look), LOOK_AFTER_MS);
  });
}

for (const button of document.querySelectorAll("[data-choose]")) {
  button.addEventListener("click", async () => {
    const field = button.dataset.choose;
    const title = field === "in_folder" ? "Choose the in folder" : "Choose the out folder";
    const path = await pickFolder(title, $(field).value);
    button.focus();
    if (path === null) return;
    $(field).value = path;
    await attempt(async () => {
      const found = await look();
      if (found && field === "in_folder" && $("out_folder").value === suggested.out_folder) {
        $("out_folder").value = suggested.out_folder = found.beside;
        await look();
      }
    });
  });
}

$("existing-part").addEventListener("change", () => { $("existing-note").textContent = ""; });
$("back").addEventListener("click", () => show("workflow"));
$("folders-form").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const found = await look();
    if (!found) return;
    if (!found.isFit) {
      $("folders-form").querySelector("[aria-invalid=true]")?.focus();
    } else if (!found.isDecided) {
      $("existing-note").textContent = "Please choose one of the two.";
      $("existing-note").classList.add("bad");
      document.querySelector("input[name=existing]").focus();
    } else {
      const atLogin = !$("at-login-part").hidden && $("at-login").checked;
      end(await ask("finish", { ...answers(), at_login: atLogin }));
    }
  }, $("finish"));
});

// --- the end ---

function end(facts) {
  $("ready-in").textContent = facts.in_folder;
  $("ready-out").textContent = facts.out_folder;
  $("ready-config").textContent = facts.config;
  $("under-way").textContent = facts.under_way;
  $("under-way").hidden = !facts.under_way;
  const isWell = facts.findings.every((one) => one.ok !== false);
  $("findings-part").hidden = !facts.findings.length;
  $("findings-part").open = !isWell;
  $("findings-summary").textContent = isWell
    ? "✓ Checked on the spot: all is well" : "Checked on the spot: something needs you";
  $("findings").replaceChildren(...facts.findings.map((one) => {
    const kind = one.ok === true ? "good" : one.ok === false ? "bad" : "";
    return make("li", [`${one.name}: ${one.text}`, one.advice].filter(Boolean).join(". "), { class: kind });
  }));
  show("ready");
}
