// The folder picker: subfolders, places, a new folder.

import { $, ask, make } from "./page.js";

let here = "";
let taken = null;

/** Resolves to the chosen folder, or null. */
export async function pickFolder(title, begin) {
  $("picker-title").textContent = title;
  $("new-folder").value = "";
  const chosen = new Promise((resolve) => { taken = resolve; });
  $("picker").showModal();
  await open(begin);
  return chosen;
}

async function open(path) {
  $("picker-note").textContent = "";
  try {
    const listing = await ask("folders", { path });
    here = listing.path;
    $("picker-path").textContent = listing.path;
    $("places").replaceChildren(...listing.places.map((place) => opener(place.name, place.path)));
    const entries = listing.folders.map((folder) => opener(folder.name, folder.path, "folder"));
    if (listing.above) entries.unshift(opener("↑ One folder up", listing.above));
    if (!listing.folders.length) entries.push(make("span", "No folders in it.", { class: "none" }));
    $("picker-folders").replaceChildren(...entries.map(inList));
    $("picker-folders").scrollTop = 0;
    $("picker-folders").querySelector("button")?.focus();
  } catch (error) {
    $("picker-note").textContent = error.message;
  }
}

function opener(text, path, kind = "") {
  const button = make("button", text, { type: "button", class: kind });
  button.addEventListener("click", () => open(path));
  return button;
}

function inList(element) {
  const item = make("li");
  item.append(element);
  return item;
}

function close(result) {
  if (taken) taken(result);
  taken = null;
  if ($("picker").open) $("picker").close();
}

$("picker-take").addEventListener("click", () => close(here));
$("picker-cancel").addEventListener("click", () => close(null));
$("picker").addEventListener("close", () => close(null));
$("new-folder-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const made = await ask("new-folder", { path: here, name: $("new-folder").value });
    $("new-folder").value = "";
    await open(made.path);
  } catch (error) {
    $("picker-note").textContent = error.message;
  }
});
