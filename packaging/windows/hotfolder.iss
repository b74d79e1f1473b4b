; Inno Setup 6.3 or newer: the installer for Windows. From the project's folder, after PyInstaller has made dist\hotfolder:
;   python packaging\make_icons.py build\icons
;   iscc packaging\windows\hotfolder.iss
; The result is dist\hotfolder-<version>-setup.exe. It needs no administrator: it installs for the person who runs it.

#define Version "0.1.0"
#define Root "..\.."

[Setup]
; By its AppId an upgrade finds what is installed: never change it.
AppId={{6B1E3A52-2C0B-4F0E-9B57-0D7C1C4F7A11}
AppName=hotfolder
AppVersion={#Version}
AppVerName=hotfolder {#Version}
AppPublisher=The hotfolder authors
VersionInfoVersion={#Version}
DefaultDirName={autopf}\hotfolder
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
LicenseFile={#Root}\LICENSE
OutputDir={#Root}\dist
OutputBaseFilename=hotfolder-{#Version}-setup
SetupIconFile={#Root}\build\icons\hotfolder.ico
UninstallDisplayIcon={app}\hotfolderw.exe
Compression=lzma2/max
SolidCompression=yes
WizardStyle=modern
; An upgrade ends the hotfolder that runs. It may be ended at any moment: what is unfinished goes on at the next start.
CloseApplications=force
RestartApplications=no

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"

[Tasks]
Name: "atlogin"; Description: "Start hotfolder when I log in"

[InstallDelete]
; What an older version had and this one has not.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Root}\dist\hotfolder\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{autoprograms}\hotfolder"; Filename: "{app}\hotfolderw.exe"; Parameters: "run --desktop"; Comment: "Drop images into a folder and get them back retouched"

[Registry]
; written when the first notification is shown, so that it bears the name
Root: HKCU; Subkey: "Software\Classes\AppUserModelId\hotfolder"; Flags: dontcreatekey uninsdeletekey

[Run]
Filename: "{app}\hotfolder.exe"; Parameters: "service install"; Flags: runhidden; Tasks: atlogin; StatusMsg: "Arranging the start at login ..."
Filename: "{app}\hotfolder.exe"; Parameters: "service uninstall"; Flags: runhidden; Tasks: not atlogin
Filename: "{app}\hotfolderw.exe"; Parameters: "run --desktop"; Description: "Start hotfolder now"; Flags: nowait postinstall skipifsilent

[UninstallRun]
; In order, so that nothing is sent any more and what is running finishes; what does not answer is ended below.
Filename: "{app}\hotfolder.exe"; Parameters: "stop"; Flags: runhidden; RunOnceId: "Stop"
Filename: "{app}\hotfolder.exe"; Parameters: "service uninstall"; Flags: runhidden; RunOnceId: "AtLogin"
Filename: "{sys}\taskkill.exe"; Parameters: "/F /IM hotfolderw.exe"; Flags: runhidden; RunOnceId: "EndWindowed"
Filename: "{sys}\taskkill.exe"; Parameters: "/F /IM hotfolder.exe"; Flags: runhidden; RunOnceId: "EndOnConsole"

[Code]
var
  ForgetsAll: Boolean;

// A person's data stays unless they say otherwise; a silent removal never asks and never takes it.
function InitializeUninstall(): Boolean;
begin
  ForgetsAll := False;
  if not UninstallSilent() and DirExists(ExpandConstant('{localappdata}\hotfolder')) then
    ForgetsAll := MsgBox('Shall your settings, your sign-in, the log, and hotfolder''s memory of what was sent and paid be removed as well?'
      + #13#10#13#10 + 'Without that memory, images that still lie in your in folders would be sent and paid again by a later installation.'
      + ' Your images are not touched either way.', mbConfirmation, MB_YESNO or MB_DEFBUTTON2) = IDYES;
  Result := True;
end;

procedure CurUninstallStepChanged(CurUninstallStep: TUninstallStep);
var
  ExitCode: Integer;
begin
  if not ForgetsAll then
    Exit;
  // The sign-in is revoked while the program is still there to do it; a hotfolder that runs sends nothing more from then on.
  if CurUninstallStep = usUninstall then
    Exec(ExpandConstant('{app}\hotfolder.exe'), 'logout', '', SW_HIDE, ewWaitUntilTerminated, ExitCode);
  if CurUninstallStep = usPostUninstall then
    DelTree(ExpandConstant('{localappdata}\hotfolder'), True, True, True);
end;
