malformed_challenge = Das ist keine Challenge
    .hint = Reichen Sie `challenge` so ein, wie Sie sie erhalten haben, in Hexadezimalziffern; es wurde nichts verbraucht
bad_answer = Die Antwort beweist den Schlüssel des Geräts nicht
    .hint = Verlangen Sie eine neue Challenge und signieren Sie genau ihr Urbild mit dem jetzigen Schlüssel des Geräts
suspended = Das Gerät ist gesperrt
    .hint = Der Eigentümer wendet sich an die Autorität; nach der Freigabe antwortet es wieder, mit demselben Schlüssel
revoked = Das Gerät ist endgültig widerrufen
    .hint = Registrieren Sie ein anderes Gerät
held = Ein Prüfer hält das Gerät an
    .hint = Warten Sie: Ein Anhalten dauert höchstens einen Tag; `GET /api/v1/verifyid/devices/{"{"}id{"}"}` nennt das Ende
not_accepted = Der in der Registrierung genannte Eigentümer hat das Gerät nicht angenommen
    .hint = Der Eigentümer sendet `thronos device accept DEVICE --from NAME`; verlangen Sie danach eine neue Challenge
challenge_used = Die Challenge wurde schon beantwortet
    .hint = Verlangen Sie eine neue Challenge
wrong_instance = Diese Challenge stammt von einem anderen Dienst
    .hint = Reichen Sie sie dort ein, wo Sie sie erhalten haben, oder verlangen Sie hier eine neue; es wurde nichts verbraucht
expired = Die Challenge ist abgelaufen
    .hint = Verlangen Sie eine neue und antworten Sie innerhalb von fünf Minuten
asked_too_often = Dieses Netz hat so viele Challenges verlangt, wie es in einer Minute darf
    .hint = Warten Sie { $seconds } s oder zeigen Sie das Token eines Kunden vor; bereits erhaltene Challenges können beantwortet werden
too_many_tokens = Dieses Netz hat so viele Token verlangt, wie es in einer Minute darf
    .hint = Warten Sie { $seconds } s; ein Token gilt einen Tag
locked = Aus diesem Netz kamen fünf falsche Antworten für dieses Gerät
    .hint = Warten Sie { $seconds } s oder zeigen Sie das Token eines Kunden vor; bereits erhaltene Challenges können beantwortet werden
too_many_answers = Es sind zu viele Antworten vorgemerkt, deshalb wurde diese nicht beurteilt
    .hint = Binnen sechs Minuten wird Platz frei, und die Challenge gilt ihre fünf Minuten weiter: Versuchen Sie es bis zu ihrem Ablauf erneut und verlangen Sie dann eine neue; ein Kunden-Token hat eigenen Platz
answer_not_written = Die Antwort konnte nicht gespeichert werden, deshalb wird nichts über sie gesagt
    .hint = Verlangen Sie eine neue Challenge oder fragen Sie einen anderen Knoten
clock_behind = Die Uhr dieses Knotens geht gegenüber der Kette nach, deshalb könnte das, was er sagt, nicht auf die Kette gelangen
    .hint = Fragen Sie einen anderen Knoten; der Betreiber dieses Knotens stellt die Uhr
plan_required = Im Monat des Kunden { $limit ->
        [one] ist { $used } von { $limit } Prüfung verbraucht
       *[other] sind { $used } von { $limit } Prüfungen verbraucht
    }
    .hint = Der Kunde wählt einen Tarif: `thronos plan show`; oder warten Sie auf den nächsten Monat
plan_expired = Im Monat des Kunden { $limit ->
        [one] ist { $used } von { $limit } Prüfung verbraucht
       *[other] sind { $used } von { $limit } Prüfungen verbraucht
    }
    .hint = Der Tarif des Kunden ist abgelaufen: Lassen Sie ihn verlängern, `thronos plan show`; oder warten Sie auf den nächsten Monat
quota_exhausted = Im Monat des Kunden { $limit ->
        [one] ist { $used } von { $limit } Prüfung verbraucht
       *[other] sind { $used } von { $limit } Prüfungen verbraucht
    }
    .hint = Warten Sie so lange, wie `retry-after` angibt, oder der Kunde wählt einen größeren Tarif: `thronos plan show`
no_challenges = Dieser Knoten gibt keine Challenges aus
    .hint = Der Betreiber schaltet sie mit `verifyid.enabled = true` ein
behind_ask = Dieser Knoten liegt hinter der Kette zurück und weiß nicht, wie es um Geräte steht
    .hint = Fragen Sie einen anderen Knoten oder versuchen Sie es in einigen Sekunden erneut
behind_challenge = Dieser Knoten liegt hinter der Kette zurück und weiß nicht, wie es um Geräte steht
    .hint = Die Challenge bleibt gültig: Versuchen Sie es in einigen Sekunden erneut
behind_enrolment = Dieser Knoten liegt hinter der Kette zurück und weiß nicht, wie es um Geräte steht
    .hint = Die Anmeldung bleibt gültig: Versuchen Sie es in einigen Sekunden erneut
request_too_long = Der Rumpf ist länger als { $bytes } Bytes
    .hint = Eine Anfrage dieser Route ist kürzer: siehe /docs
audience_length = Die Zielangabe (audience) hat { $bytes ->
        [one] { $bytes } Byte
       *[other] { $bytes } Bytes
    }
    .hint = Nennen Sie in 1 bis 256 Bytes, für wen die Antwort bestimmt ist
wrong_audience = Der Zweck `{ $purpose }` gilt für `{ $own }`, die Zielangabe ist aber `{ $audience }`
    .hint = Verwenden Sie diese Zielangabe oder den Zweck `presence`
wrong_enrol_audience = Eine Anmeldung nennt ihre Schlüssel, die Zielangabe ist aber `{ $audience }`
    .hint = Verlangen Sie `thr-tpm-enrol:`, die ersten acht Ziffern der Kettenkennung, `:` und SHA-256 beider öffentlichen Bereiche
wrong_purpose_enrol = Die Challenge wurde für den Zweck `{ $purpose }` verlangt
    .hint = Reichen Sie sie dort ein, wofür sie verlangt wurde: `POST /api/v1/verifyid/hmac/enrol` oder `…/tpm/enrolments` und `…/tpm/activations`; es wurde nichts verbraucht
wrong_purpose_tpm = Die Challenge wurde für den Zweck `{ $purpose }` verlangt
    .hint = Reichen Sie sie bei `POST /api/v1/verifyid/tpm/quotes` ein, mit dem Quote des TPM; es wurde nichts verbraucht
wrong_purpose_presence = Die Challenge wurde für den Zweck `{ $purpose }` verlangt
    .hint = Verlangen Sie eine neue Challenge mit dem Zweck `enrol`; es wurde nichts verbraucht
wrong_purpose_login = Die Challenge wurde für den Zweck `{ $purpose }` verlangt
    .hint = Reichen Sie sie bei `POST /api/v1/verifyid/challenges/answer` ein, mit der Signatur des Geräteschlüssels; es wurde nichts verbraucht
wrong_purpose_tpm_enrol = Die Challenge wurde für den Zweck `{ $purpose }` verlangt
    .hint = Reichen Sie sie bei `POST /api/v1/verifyid/tpm/enrolments` ein; es wurde nichts verbraucht
no_signature = Die Antwort hat { $characters } Zeichen und ist keine Signatur
    .hint = Schreiben Sie 128 Hexadezimalziffern: r und s oder R und S, je 32 Bytes
no_mac = Die Antwort hat { $characters } Zeichen und ist kein MAC
    .hint = Schreiben Sie 64 Hexadezimalziffern: HMAC-SHA-256 unter dem Geheimnis des Geräts
device_of_other_network = `{ $text }`: Das ist ein Gerät eines anderen Netzes; hier beginnen sie mit `{ $expected }1`
    .hint = Kopieren Sie die Kennung noch einmal: ihren Text oder 64 Hexadezimalziffern
device_typo = `{ $text }`: Die Gerätekennung enthält einen Tippfehler, ihre Prüfsumme stimmt nicht; kopieren Sie sie noch einmal
    .hint = Kopieren Sie die Kennung noch einmal: ihren Text oder 64 Hexadezimalziffern
device_malformed = `{ $text }`: Das ist kein Gerät; erwartet wird `{ $expected }1…` oder 64 Hexadezimalziffern
    .hint = Kopieren Sie die Kennung noch einmal: ihren Text oder 64 Hexadezimalziffern
no_device = Es ist kein Gerät mit dieser Kennung registriert
    .hint = Registrieren Sie es oder vergleichen Sie die Kennung
registered_on_chain = Ein Gerät wird durch eine Transaktion mit dem Wort seines Schlüssels registriert: Was Hersteller oder Eigentümer über die Hardware sagen, beweist nichts
    .hint = Erzeugen Sie einen Schlüssel und registrieren Sie ihn: `thronos device new NAME`, `thronos device register KEY --kind KIND --from NAME`
no_verifications = Dieser Knoten bewahrt keine Prüfungen auf
    .hint = Der Betreiber lässt sie aufbewahren, indem er mit `accounts.verifyid` den Schlüssel eines Kontos nennt
verifications_unreadable = Der Knoten kann seine Prüfungen nicht lesen
    .hint = Fragen Sie später wieder; der Betreiber findet den Grund im Protokoll dieses Knotens
no_verification = Zu dieser Challenge ist keine Prüfung aufbewahrt
    .hint = Vergleichen Sie die Kennung; Beweise gibt es 400 Tage lang, und nur bei dem Knoten, der die Challenge ausgegeben hat
no_challenge_id = `{ $text }` ist keine Kennung einer Challenge
    .hint = Schreiben Sie die 32 Hexadezimalziffern von `challenge_id`
token_request_old = Die Anfrage wurde nicht in der letzten Minute signiert, oder bei einem Konto mit mehreren Schlüsseln nicht in der letzten Stunde
    .hint = Vergleichen Sie die Uhren und signieren Sie die jetzige Zeit: `issued_at` in Millisekunden seit 1970
token_request_signature = Der Schlüssel des Kontos hat diese Anfrage nicht signiert
    .hint = Signieren Sie SHA-256 aus Kennzeichen, Kettenkennung, Konto, `kid` des jetzt ersten Schlüssels von /.well-known/jwks.json und `issued_at`; mit kleinem s
token_no_customer = Das Konto hat keinen Tarif und kein Gerät, das auf ihn zählt
    .hint = Registrieren Sie ein Gerät mit ihm oder lassen Sie einen Tarif setzen: `thronos plan show`
token_too_many = Das Konto hat in einer Stunde so viele Token erhalten, wie es darf
    .hint = Verwenden Sie eines, das es hat und das einen Tag gilt, oder warten Sie so lange, wie `retry-after` angibt
token_taken_back = Das Token dieser Anfrage wurde zurückgenommen
    .hint = Signieren Sie die jetzige Zeit; wurden viele zurückgenommen, eine halbe Minute später
no_tokens = Dieser Knoten gibt keine Token aus
    .hint = Der Betreiber schaltet sie mit `verifyid.give_tokens = true` ein; fragen Sie ohne Token
too_many_taken_back = Es wurden Token von so vielen Konten zurückgenommen, wie dieser Knoten sich merkt
    .hint = Binnen eines Tages wird Platz frei; der Betreiber beendet alle Token auf einmal, indem er `token.keys` wegbewegt
token_not_written = Das Token könnte nach einem Neustart des Knotens wieder gelten
    .hint = Senden Sie später dasselbe noch einmal; der Betreiber findet den Grund im Protokoll dieses Knotens
token_unsigned = Die Anfrage ist weder von einem einzelnen Schlüssel noch von den Schlüsseln einer Richtlinie signiert
    .hint = Geben Sie `public_key` und `signature` an, oder `policy` und `signatures` bei einem Konto mit mehreren Schlüsseln
policy_key_count = Ein Konto mit mehreren Schlüsseln hat 1 bis 16 Schlüssel, nicht { $keys }
    .hint = Geben Sie die Richtlinie an, mit der das Konto entstand, und so viele Signaturen wie ihr Schwellenwert, nach steigendem Platz ihres Schlüssels
policy_threshold = Der Schwellenwert muss zwischen 1 und der Zahl der Schlüssel, { $keys }, liegen; er ist { $threshold }
    .hint = Geben Sie die Richtlinie an, mit der das Konto entstand, und so viele Signaturen wie ihr Schwellenwert, nach steigendem Platz ihres Schlüssels
policy_order = Die Schlüssel müssen steigend und ohne Wiederholung geordnet sein
    .hint = Geben Sie die Richtlinie an, mit der das Konto entstand, und so viele Signaturen wie ihr Schwellenwert, nach steigendem Platz ihres Schlüssels
policy_signatures = Die Schlüssel der Richtlinie steigen nicht, oder die Zahl der Signaturen ist { $count } statt { $needed }
    .hint = Geben Sie die Richtlinie an, mit der das Konto entstand, und so viele Signaturen wie ihr Schwellenwert, nach steigendem Platz ihres Schlüssels
policy_places = Die Signaturen stehen nicht nach steigenden Plätzen der Schlüssel der Richtlinie
    .hint = Geben Sie die Richtlinie an, mit der das Konto entstand, und so viele Signaturen wie ihr Schwellenwert, nach steigendem Platz ihres Schlüssels
policy_more_signatures = Es sind mehr Signaturen als Schlüssel
    .hint = Geben Sie die Richtlinie an, mit der das Konto entstand, und so viele Signaturen wie ihr Schwellenwert, nach steigendem Platz ihres Schlüssels
no_digits = `{ $text }` ist weder Schlüssel noch Signatur: { $error }
    .hint = Schreiben Sie Hexadezimalziffern: 66 für einen Schlüssel, 128 für eine Signatur
no_hmac = Dieser Knoten nimmt keine Antworten älterer Geräte durch ein Geheimnis an
    .hint = Der Betreiber schaltet sie mit `verifyid.hmac_devices = true` ein; antworten Sie mit dem Schlüssel des Geräts
enrolment_over = Der Schlüssel oder der Eigentümer des Geräts hat gewechselt, seit es dieses Geheimnis erhielt
    .hint = Der Eigentümer lässt es neu anmelden: `thronos device hmac enrol KEY`
too_many_enrolled = Es sind so viele ältere Geräte angemeldet, wie dieser Knoten aufbewahrt
    .hint = Antworten Sie mit dem Schlüssel des Geräts oder lassen Sie es bei einem anderen Knoten anmelden: `thronos device hmac enrol KEY --node URL`
enrolment_not_written = Die Anmeldung konnte nicht gespeichert werden, deshalb wird kein Geheimnis mitgeteilt
    .hint = Verlangen Sie eine neue Challenge und melden Sie das Gerät erneut an; der Betreiber findet den Grund im Protokoll dieses Knotens
tpm_request_too_long = Der Rumpf ist länger als { $bytes } Bytes
    .hint = Senden Sie zwei öffentliche Bereiche von 512 Bytes und höchstens vier Zertifikate von 8.192 Bytes, als Hexadezimalziffern
tpm_certificates = Es { $count ->
        [one] ist { $count } Zertifikat
       *[other] sind { $count } Zertifikate
    }
    .hint = Senden Sie 1 bis 4, das des Endorsement Key zuerst
tpm_pcr_values = Es { $count ->
        [one] ist { $count } PCR-Wert
       *[other] sind { $count } PCR-Werte
    }
    .hint = Senden Sie einen für jedes PCR, das die Challenge nennt
tpm_pcr_bytes = Ein PCR-Wert hat { $bytes ->
        [one] { $bytes } Byte
       *[other] { $bytes } Bytes
    }
    .hint = Senden Sie die der SHA-256-Bank: je 64 Hexadezimalziffern
tpm_bytes_long = `{ $what }` hat { $characters } Zeichen
    .hint = Schreiben Sie die Bytes der Datei als Hexadezimalziffern, höchstens { $bytes } Bytes
tpm_bytes_digits = `{ $what }` ist nicht in Ziffern geschrieben: { $error }
    .hint = Schreiben Sie die Bytes der Datei als Hexadezimalziffern, höchstens { $bytes } Bytes
no_tpms = Dieser Knoten meldet keine TPMs an
    .hint = Der Betreiber schaltet das ein, indem er in `verifyid.tpm_roots` die Hersteller nennt, deren Zertifikate angenommen werden; oder fragen Sie einen anderen Knoten
bad_secret = Das ist nicht das Geheimnis des Credential, oder die Schlüssel sind nicht die des ersten Schritts
    .hint = Melden Sie das TPM neu an: `thronos device tpm enrol DEVICE`
tpm_not_written = Was das TPM gezeigt hat, konnte nicht gespeichert werden, deshalb wird nichts darüber gesagt
    .hint = Beginnen Sie mit einer neuen Challenge von vorn; der Betreiber findet den Grund im Protokoll dieses Knotens
tpm_next = Lassen Sie es ein Quote abgeben: Verlangen Sie eine Challenge für den Zweck `tpm`, oder rufen Sie `thronos device tpm quote DEVICE` auf
tpm_ek_kind = Der Endorsement Key ist kein RSA-Schlüssel mit 2.048 Bit, an denen TPMs hier unterschieden werden
    .hint = Nehmen Sie den von `tpm2_createek -G rsa`
tpm_of_other_device = Dieses TPM wurde für ein anderes Gerät angemeldet
    .hint = Ein TPM gehört zu einem Gerät: Verwenden Sie jenes Gerät, oder widerrufen Sie es zuerst, und zwar endgültig (`thronos device revoke DEVICE --from NAME`)
too_many_tpms = Dieser Knoten bewahrt so viele TPMs auf, wie er kann
    .hint = Fragen Sie einen anderen Knoten der Autorität; der Betreiber muss davon erfahren
tpm_not_enrolled = Das Gerät hat an diesem Knoten kein TPM angemeldet
    .hint = Melden Sie es zuerst an: `thronos device tpm enrol DEVICE`
tpm_key_changed = Das Gerät hat einen anderen Schlüssel als bei der Anmeldung seines TPM
    .hint = Melden Sie das TPM mit dem jetzigen Schlüssel erneut an: `thronos device tpm enrol DEVICE`
quote_pcr_count = Es sind mehr oder weniger Werte als verlangte PCRs
    .hint = Senden Sie einen Wert für jedes PCR, das die Challenge nennt, in der Reihenfolge ihrer Nummern
quote_pcr_value = PCR { $number } hat nicht den Wert, den dieser Knoten verlangt
    .hint = Was der Rechner gestartet hat, erlaubt der Betreiber nicht (`verifyid.tpm_pcrs`): Starten Sie, was erlaubt ist, oder fragen Sie den Betreiber
tpm_changed_meanwhile = Ein anderes Quote oder eine andere Anmeldung dieses TPM kam dazwischen
    .hint = Verlangen Sie eine neue Challenge und lassen Sie erneut quotieren: `thronos device tpm quote DEVICE`
of_endorsement_key = Der Endorsement Key: { $reason }
of_attestation_key = Der Attestation Key: { $reason }
of_certificate = Das Zertifikat des Endorsement Key: { $reason }
of_quote = Das Quote: { $reason }
of_credential = Kein Credential: { $reason }
key_form = Das ist kein hier angenommener Schlüssel eines TPM: { $reason }
quote_form = Das ist kein Quote: { $reason }
signature_form = Das ist keine Signatur eines TPM: { $reason }
tpm_key_not_restricted = Der Schlüssel signiert, was ihm irgendwer gibt
    .hint = Erzeugen Sie ihn mit `tpm2_createak`, damit er beschränkt ist
tpm_key_not_fixed_tpm = Der Schlüssel darf sein TPM verlassen
    .hint = Erzeugen Sie einen mit dem Attribut fixedTPM
tpm_key_not_fixed_parent = Der Schlüssel darf einem anderen Schlüssel unterstellt werden
    .hint = Erzeugen Sie einen mit dem Attribut fixedParent
tpm_key_from_outside = Der Schlüssel wurde von außen in das TPM gebracht
    .hint = Lassen Sie das TPM einen erzeugen
tpm_key_not_signing = Der Schlüssel signiert nicht
    .hint = Senden Sie den Attestation Key
tpm_key_decrypts = Der Schlüssel entschlüsselt, kann also nichts bezeugen
    .hint = Senden Sie den Attestation Key
tpm_key_not_decrypting = Der Schlüssel entschlüsselt nicht
    .hint = Senden Sie den Endorsement Key
tpm_key_signs = Der Schlüssel signiert, steht also für kein TPM
    .hint = Senden Sie den Endorsement Key
tpm_key_no_scheme = Womit der Schlüssel signiert, ist nicht festgelegt
    .hint = Erzeugen Sie einen mit ECDSA oder RSASSA und SHA-256
tpm_key_cipher = Der Schlüssel hat nicht die Chiffre seiner Rolle
    .hint = Erzeugen Sie ihn mit `tpm2_createek` oder `tpm2_createak`
tpm_short = es endet vor seinem letzten Feld
    .hint = Senden Sie die ganze Datei, die die Werkzeuge des TPM geschrieben haben
tpm_trailing = hinter dem letzten Feld folgen weitere Bytes
    .hint = Senden Sie nur die Datei
tpm_size = die vorangestellte Länge ist nicht die des Folgenden
    .hint = Senden Sie die Datei unverändert
tpm_field_length = ein Feld hat eine andere Länge, als seiner Art entspricht
    .hint = Senden Sie die Datei unverändert
tpm_key_type = Schlüssel der Art { $found } werden nicht angenommen
    .hint = Erzeugen Sie einen mit P-256 oder RSA-2048
tpm_name_algorithm = der Schlüssel ist durch den Hash { $found } benannt
    .hint = Erzeugen Sie einen, dessen Name mit SHA-256 gebildet ist
tpm_attributes = die Attribute { $found } haben Bits ohne Bedeutung
    .hint = Erzeugen Sie einen anderen Schlüssel
tpm_symmetric_algorithm = die Chiffre { $found } wird nicht angenommen
    .hint = Erzeugen Sie einen Schlüssel mit AES-128 im Modus CFB
tpm_symmetric_bits = AES mit { $found } Bit wird nicht angenommen
    .hint = Erzeugen Sie einen Schlüssel mit AES-128
tpm_symmetric_mode = der Modus { $found } wird nicht angenommen
    .hint = Erzeugen Sie einen Schlüssel mit AES-128 im Modus CFB
tpm_scheme = das Verfahren { $found } wird nicht angenommen
    .hint = Erzeugen Sie einen Schlüssel mit ECDSA oder RSASSA
tpm_hash_algorithm = der Hash { $found } wird nicht angenommen
    .hint = Verwenden Sie SHA-256
tpm_curve = die Kurve { $found } wird nicht angenommen
    .hint = Verwenden Sie P-256
tpm_key_derivation = der Schlüssel leitet andere durch { $found } ab
    .hint = Erzeugen Sie einen, der das nicht tut
tpm_key_bits = RSA mit { $found } Bit wird nicht angenommen
    .hint = Erzeugen Sie einen Schlüssel mit 2.048 Bit
tpm_exponent = der Exponent { $found } wird nicht angenommen
    .hint = Erzeugen Sie einen Schlüssel mit 65.537
tpm_modulus = der Modul ist keiner eines RSA-Schlüssels mit 2.048 Bit
    .hint = Erzeugen Sie einen anderen Schlüssel
tpm_point = der Punkt liegt nicht auf der Kurve
    .hint = Senden Sie den Schlüssel so, wie ihn das TPM gegeben hat
tpm_magic = es beginnt mit { $found }, stammt also von keinem TPM
    .hint = Senden Sie, was das Quote sagt
tpm_attest_type = es bezeugt { $found }
    .hint = Verlangen Sie vom TPM ein Quote
tpm_safe = ob die Uhr sicher ist, ist mit { $found } angegeben
    .hint = Senden Sie das Quote unverändert
tpm_pcr_banks = es hat PCRs aus { $found ->
        [one] { $found } Bank
       *[other] { $found } Bänken
    }
    .hint = Verlangen Sie nur die von SHA-256
tpm_pcr_bank = es hat PCRs der Bank { $found }
    .hint = Verlangen Sie die von SHA-256
tpm_signature_algorithm = Signaturen mit { $found } werden nicht angenommen
    .hint = Erzeugen Sie einen Schlüssel mit ECDSA oder RSASSA
ek_chain_length = { $found ->
        [one] { $found } Zertifikat führt
       *[other] { $found } Zertifikate führen
    } zu keiner Wurzel
    .hint = Senden Sie 1 bis 4, das des Schlüssels zuerst
ek_certificate_too_long = Ein Zertifikat ist länger als 8.192 Bytes
    .hint = Senden Sie jedes in DER, allein
ek_certificate_form = Ein Zertifikat ist nicht lesbar
    .hint = Senden Sie jedes in DER, allein
ek_certificate_critical_extension = Ein Zertifikat verlangt, was hier nicht verstanden wird
    .hint = Es kann nicht angenommen werden
ek_certificate_purpose = Das erste Zertifikat ist keines eines Endorsement Key
    .hint = Senden Sie das, welches das TPM oder sein Hersteller hat
ek_certificate_other_key = Das erste Zertifikat gehört zu einem anderen Schlüssel
    .hint = Senden Sie das des Endorsement Key, den Sie gesendet haben
ek_certificate_early = Ein Zertifikat gilt noch nicht
    .hint = Stellen Sie die Uhr oder warten Sie
ek_certificate_over = Ein Zertifikat ist abgelaufen
    .hint = Verlangen Sie vom Hersteller des TPM ein neues
ek_chain_not_issued = Keine Wurzel dieses Dienstes hat das letzte Zertifikat ausgestellt
    .hint = Senden Sie auch die dazwischen oder fragen Sie den Betreiber
ek_chain_may_not_issue = Ein Zertifikat wurde von einem ausgestellt, das es nicht ausstellen darf
    .hint = Es kann nicht angenommen werden
ek_chain_algorithm = Ein Zertifikat ist auf eine Weise signiert, die nicht angenommen wird
    .hint = Angenommen werden RSA und die Kurven P-256 und P-384, mit SHA-2
ek_chain_signature = Ein Zertifikat wurde nicht von seinem Aussteller signiert
    .hint = Senden Sie sie unverändert
ek_root_form = Eine Wurzel auf der Liste dieses Dienstes ist kein Zertifikat
    .hint = Der Betreiber muss `verifyid.tpm_roots` berichtigen
quote_signature_kind = Die Signatur stammt von einer anderen Art Schlüssel
    .hint = Lassen Sie mit dem angemeldeten Schlüssel quotieren
quote_signature = Der Schlüssel hat dies nicht signiert
    .hint = Lassen Sie mit dem angemeldeten Schlüssel quotieren und senden Sie Nachricht und Signatur desselben Quote
quote_qualified_signer = Über dem Schlüssel stehen andere Schlüssel als bei seiner Anmeldung
    .hint = Melden Sie ihn neu an
quote_extra_data = Das Quote beantwortet eine andere Challenge
    .hint = Lassen Sie mit den 32 Bytes dieser Challenge quotieren
quote_clock_unsafe = Das TPM verlor ohne Herunterfahren den Strom und bürgt nicht für seine Uhr
    .hint = Versuchen Sie es in einer Stunde erneut
quote_resets_fell = Das TPM wurde zurückgesetzt, oder dies ist ein älteres Quote
    .hint = Melden Sie es neu an, falls es zurückgesetzt wurde
quote_restarts_fell = Das TPM wurde zurückgesetzt, oder dies ist ein älteres Quote
    .hint = Melden Sie es neu an, falls es zurückgesetzt wurde
quote_clock_stood = Die Uhr des TPM ging seit dem letzten Quote nicht weiter
    .hint = Verlangen Sie eine neue Challenge und lassen Sie erneut quotieren
quote_pcr_selection = Das Quote betrifft andere PCRs als verlangt
    .hint = Lassen Sie die von SHA-256 quotieren, die die Richtlinie nennt
quote_pcr_digest = Die PCRs haben andere Werte als die Richtlinie
    .hint = Was der Rechner gestartet hat, wurde geändert
credential_secret_length = Ein Geheimnis von { $found ->
        [one] { $found } Byte
       *[other] { $found } Bytes
    } passt in kein Credential
    .hint = Nehmen Sie 1 bis 32
credential_random = Das System liefert keine Zufallszahlen
    .hint = Versuchen Sie es erneut
credential_encryption = Der Startwert konnte nicht für den Endorsement Key verschlüsselt werden
    .hint = Versuchen Sie es erneut
unknown_class = Diese Chain hat keine Klasse { $class } von Rechenraten
    .hint = `thronos ask verifyid rules` nennt sie
beacon_too_old = Das Beacon { $beacon } ist hier keines der letzten Minute
    .hint = Beginnen Sie mit dem neuesten: `thronos ask verifyid beacon`
statement_expired = Das Wort des Geräts ist abgelaufen oder gilt länger, als es darf
    .hint = Lassen Sie das Gerät neu signieren, für eine Stunde
attest_bad_answer = Der jetzige Schlüssel des Geräts hat dies nicht signiert
    .hint = Signieren Sie mit dem jetzigen Schlüssel des Geräts für diese Chain, dieses Gerät, diese Klasse und dieses Beacon
attest_wrong_kind = Ein Gerät dieser Art schürft nicht
    .hint = Registrieren Sie einen Miner als `asic`, `gpu_miner` oder `cpu_miner`
attest_not_accepted = Der in der Registrierung genannte Eigentümer hat das Gerät noch nicht angenommen
    .hint = Nehmen Sie es mit dem Konto des Eigentümers an: `thronos device accept DEVICE --from OWNER`
attest_higher_class = Eine höhere Klasse des Geräts zählt noch
    .hint = Es ist nichts weiter zu tun: siehe `thronos device show DEVICE`
attest_beacon_used = Das Beacon ist nicht neuer als das, was das Gerät zuletzt gezeigt hat, oder als sein Schlüssel, sein Eigentümer und sein Stand
    .hint = Beginnen Sie mit einem neueren: `thronos ask verifyid beacon` nennt das neueste
