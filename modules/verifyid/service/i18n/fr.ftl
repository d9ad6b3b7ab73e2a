malformed_challenge = Ce n'est pas un défi
    .hint = Remettez `challenge` tel qu'il vous a été donné, en chiffres hexadécimaux ; rien n'est consommé
bad_answer = La réponse ne prouve pas la clé de l'appareil
    .hint = Demandez un autre défi et signez exactement sa préimage avec la clé actuelle de l'appareil
suspended = L'appareil est suspendu
    .hint = Son propriétaire s'adresse à l'autorité ; il répondra de nouveau, avec la même clé, une fois rétabli
revoked = L'appareil est révoqué définitivement
    .hint = Enregistrez un autre appareil
held = Un vérificateur retient l'appareil
    .hint = Attendez : une retenue dure au plus un jour ; `GET /api/v1/verifyid/devices/{"{"}id{"}"}` indique jusqu'à quand
not_accepted = Le propriétaire que nomme l'enregistrement n'a pas accepté l'appareil
    .hint = Son propriétaire envoie `thronos device accept DEVICE --from NAME` ; demandez ensuite un autre défi
challenge_used = Le défi a déjà reçu une réponse
    .hint = Demandez un autre défi
wrong_instance = Un autre service a donné ce défi
    .hint = Remettez-le là où il a été donné ou demandez-en un autre ici ; rien n'est consommé
expired = Le défi a expiré
    .hint = Demandez-en un autre et répondez dans les cinq minutes
asked_too_often = Ce réseau a demandé autant de défis qu'il le peut en une minute
    .hint = Attendez { $seconds } s ou présentez le jeton d'un client ; les défis déjà donnés peuvent recevoir leur réponse
too_many_tokens = Ce réseau a demandé autant de jetons qu'il le peut en une minute
    .hint = Attendez { $seconds } s ; un jeton est valable un jour
locked = Cinq réponses fausses pour cet appareil sont venues de ce réseau
    .hint = Attendez { $seconds } s ou présentez le jeton d'un client ; les défis déjà donnés peuvent recevoir leur réponse
too_many_answers = Trop de réponses sont mémorisées, celle-ci n'a donc pas été jugée
    .hint = La place revient en six minutes et le défi reste valable ses cinq minutes : réessayez jusqu'à son terme, puis demandez-en un autre ; le jeton d'un client a sa propre place
answer_not_written = La réponse n'a pas pu être consignée, rien n'en est donc dit
    .hint = Demandez un autre défi ou interrogez un autre nœud
clock_behind = L'horloge de ce nœud retarde sur la chaîne, ce qu'il dit ne pourrait donc pas y être inscrit
    .hint = Interrogez un autre nœud ; l'opérateur de celui-ci règle son horloge
plan_required = Pour le mois du client, { $used } sur { $limit ->
        [one] { $limit } vérification
        [many] { $limit } de vérifications
       *[other] { $limit } vérifications
    } sont utilisées
    .hint = Le client prend un forfait : `thronos plan show` ; ou attendez le mois prochain
plan_expired = Pour le mois du client, { $used } sur { $limit ->
        [one] { $limit } vérification
        [many] { $limit } de vérifications
       *[other] { $limit } vérifications
    } sont utilisées
    .hint = Le forfait du client est terminé : faites-le renouveler, `thronos plan show` ; ou attendez le mois prochain
quota_exhausted = Pour le mois du client, { $used } sur { $limit ->
        [one] { $limit } vérification
        [many] { $limit } de vérifications
       *[other] { $limit } vérifications
    } sont utilisées
    .hint = Attendez aussi longtemps que l'indique `retry-after`, ou le client prend un forfait plus grand : `thronos plan show`
no_challenges = Ce nœud ne donne pas de défis
    .hint = Son exploitant les active avec `verifyid.enabled = true`
behind_ask = Ce nœud est en retard sur la chaîne et ne connaît pas l'état des appareils
    .hint = Interrogez un autre nœud ou réessayez dans quelques secondes
behind_challenge = Ce nœud est en retard sur la chaîne et ne connaît pas l'état des appareils
    .hint = Le défi reste valable : réessayez dans quelques secondes
behind_enrolment = Ce nœud est en retard sur la chaîne et ne connaît pas l'état des appareils
    .hint = L'inscription reste valable : réessayez dans quelques secondes
request_too_long = Le corps dépasse { $bytes } octets
    .hint = Une requête de cette route est plus courte : consultez /docs
audience_length = Le destinataire (audience) fait { $bytes ->
        [one] { $bytes } octet
        [many] { $bytes } d'octets
       *[other] { $bytes } octets
    }
    .hint = Indiquez à qui la réponse est destinée en 1 à 256 octets
wrong_audience = L'usage `{ $purpose }` est pour `{ $own }`, et le destinataire est `{ $audience }`
    .hint = Demandez avec ce destinataire ou avec l'usage `presence`
wrong_enrol_audience = Une inscription nomme ses clés, et le destinataire est `{ $audience }`
    .hint = Demandez `thr-tpm-enrol:`, les huit premiers chiffres de l'identifiant de la chaîne, `:` et le SHA-256 des deux zones publiques
wrong_purpose_enrol = Le défi a été demandé pour l'usage `{ $purpose }`
    .hint = Remettez-le là où il a été demandé : `POST /api/v1/verifyid/hmac/enrol`, ou `…/tpm/enrolments` et `…/tpm/activations` ; rien n'est consommé
wrong_purpose_tpm = Le défi a été demandé pour l'usage `{ $purpose }`
    .hint = Remettez-le à `POST /api/v1/verifyid/tpm/quotes`, avec la citation (quote) du TPM ; rien n'est consommé
wrong_purpose_presence = Le défi a été demandé pour l'usage `{ $purpose }`
    .hint = Demandez un autre défi pour l'usage `enrol` ; rien n'est consommé
wrong_purpose_login = Le défi a été demandé pour l'usage `{ $purpose }`
    .hint = Remettez-le à `POST /api/v1/verifyid/challenges/answer`, avec la signature de la clé de l'appareil ; rien n'est consommé
wrong_purpose_tpm_enrol = Le défi a été demandé pour l'usage `{ $purpose }`
    .hint = Remettez-le à `POST /api/v1/verifyid/tpm/enrolments` ; rien n'est consommé
no_signature = La réponse fait { $characters ->
        [one] { $characters } caractère
        [many] { $characters } de caractères
       *[other] { $characters } caractères
    } et n'est pas une signature
    .hint = Écrivez 128 chiffres hexadécimaux : r et s, ou R et S, de 32 octets chacun
no_mac = La réponse fait { $characters ->
        [one] { $characters } caractère
        [many] { $characters } de caractères
       *[other] { $characters } caractères
    } et n'est pas un MAC
    .hint = Écrivez 64 chiffres hexadécimaux : HMAC-SHA-256 avec le secret de l'appareil
device_of_other_network = `{ $text }` : c'est un appareil d'un autre réseau ; ici, ils commencent par `{ $expected }1`
    .hint = Copiez de nouveau l'identifiant : son texte ou 64 chiffres hexadécimaux
device_typo = `{ $text }` : l'identifiant de l'appareil contient une faute de frappe, sa somme de contrôle ne correspond pas ; copiez-le de nouveau
    .hint = Copiez de nouveau l'identifiant : son texte ou 64 chiffres hexadécimaux
device_malformed = `{ $text }` : ce n'est pas un appareil ; attendu : `{ $expected }1…` ou 64 chiffres hexadécimaux
    .hint = Copiez de nouveau l'identifiant : son texte ou 64 chiffres hexadécimaux
no_device = Aucun appareil portant cet identifiant n'est enregistré
    .hint = Enregistrez-le ou comparez l'identifiant
registered_on_chain = Un appareil s'enregistre par une transaction, avec la parole de sa clé : ce que son fabricant ou son propriétaire dit de son matériel ne prouve rien
    .hint = Créez une clé et enregistrez-la : `thronos device new NAME`, `thronos device register KEY --kind KIND --from NAME`
no_verifications = Ce nœud ne conserve pas de vérifications
    .hint = Son exploitant les fait conserver en indiquant la clé d'un compte avec `accounts.verifyid`
verifications_unreadable = Le nœud ne peut pas lire ses vérifications
    .hint = Redemandez plus tard ; l'exploitant trouvera la cause dans le journal de ce nœud
no_verification = Aucune vérification de ce défi n'est conservée
    .hint = Comparez l'identifiant ; les preuves sont servies pendant 400 jours, par le seul nœud qui a donné le défi
no_challenge_id = `{ $text }` n'est pas l'identifiant d'un défi
    .hint = Écrivez les 32 chiffres hexadécimaux de `challenge_id`
token_request_old = La requête n'a pas été signée dans la dernière minute, ou dans la dernière heure pour un compte à plusieurs clés
    .hint = Comparez les horloges et signez l'heure actuelle : `issued_at` en millisecondes depuis 1970
token_request_signature = La clé du compte n'a pas signé cette requête
    .hint = Signez le SHA-256 de l'étiquette, de l'identifiant de la chaîne, du compte, du `kid` de la première clé actuelle de /.well-known/jwks.json et de `issued_at` ; avec s bas
token_no_customer = Le compte n'a ni forfait ni appareil qui compte sur lui
    .hint = Enregistrez un appareil avec lui ou faites attribuer un forfait : `thronos plan show`
token_too_many = Le compte a reçu en une heure autant de jetons qu'il le peut
    .hint = Utilisez-en un qu'il possède, valable un jour, ou attendez aussi longtemps que l'indique `retry-after`
token_taken_back = Le jeton de cette requête a été retiré
    .hint = Signez l'heure actuelle ; si beaucoup ont été retirés, une demi-minute plus tard
no_tokens = Ce nœud ne donne pas de jetons
    .hint = Son exploitant les active avec `verifyid.give_tokens = true` ; demandez sans jeton
too_many_taken_back = Des jetons d'autant de comptes que ce nœud en mémorise ont été retirés
    .hint = La place revient en un jour ; l'exploitant met fin à tous les jetons d'un coup en déplaçant `token.keys`
token_not_written = Le jeton peut redevenir valable au redémarrage du nœud
    .hint = Envoyez la même chose plus tard ; l'exploitant trouvera la cause dans le journal de ce nœud
token_unsigned = La requête n'est signée ni par une clé ni par les clés d'une politique
    .hint = Donnez `public_key` et `signature`, ou `policy` et `signatures` pour un compte à plusieurs clés
policy_key_count = Un compte multisignature a de 1 à 16 clés, et non { $keys }
    .hint = Donnez la politique avec laquelle le compte a été créé et autant de signatures que son seuil, par place croissante de leur clé
policy_threshold = Le seuil doit être compris entre 1 et le nombre de clés, { $keys }, et non { $threshold }
    .hint = Donnez la politique avec laquelle le compte a été créé et autant de signatures que son seuil, par place croissante de leur clé
policy_order = Les clés doivent être en ordre croissant, sans répétition
    .hint = Donnez la politique avec laquelle le compte a été créé et autant de signatures que son seuil, par place croissante de leur clé
policy_signatures = Les clés de la politique ne croissent pas, ou le nombre de signatures est { $count } au lieu de { $needed }
    .hint = Donnez la politique avec laquelle le compte a été créé et autant de signatures que son seuil, par place croissante de leur clé
policy_places = Les signatures ne suivent pas les places croissantes des clés de la politique
    .hint = Donnez la politique avec laquelle le compte a été créé et autant de signatures que son seuil, par place croissante de leur clé
policy_more_signatures = Il y a plus de signatures que de clés
    .hint = Donnez la politique avec laquelle le compte a été créé et autant de signatures que son seuil, par place croissante de leur clé
no_digits = `{ $text }` n'est ni une clé ni une signature : { $error }
    .hint = Écrivez des chiffres hexadécimaux : 66 pour une clé, 128 pour une signature
no_hmac = Ce nœud n'accepte pas les réponses d'anciens appareils par un secret
    .hint = Son exploitant les active avec `verifyid.hmac_devices = true` ; répondez avec la clé de l'appareil
enrolment_over = La clé de l'appareil ou son propriétaire a changé depuis qu'il a reçu ce secret
    .hint = Son propriétaire l'inscrit de nouveau : `thronos device hmac enrol KEY`
too_many_enrolled = Autant d'anciens appareils sont inscrits que ce nœud en conserve
    .hint = Répondez avec la clé de l'appareil ou faites-le inscrire par un autre nœud : `thronos device hmac enrol KEY --node URL`
enrolment_not_written = L'inscription n'a pas pu être consignée, aucun secret n'est donc communiqué
    .hint = Demandez un autre défi et inscrivez de nouveau ; l'exploitant trouvera la cause dans le journal de ce nœud
tpm_request_too_long = Le corps dépasse { $bytes } octets
    .hint = Envoyez deux zones publiques de 512 octets et au plus quatre certificats de 8 192 octets, en chiffres hexadécimaux
tpm_certificates = Il y a { $count ->
        [one] { $count } certificat
        [many] { $count } de certificats
       *[other] { $count } certificats
    }
    .hint = Envoyez-en 1 à 4, d'abord celui de la clé d'approbation (endorsement key)
tpm_pcr_values = Il y a { $count ->
        [one] { $count } valeur
        [many] { $count } de valeurs
       *[other] { $count } valeurs
    } de PCR
    .hint = Envoyez-en une pour chaque PCR que nomme le défi
tpm_pcr_bytes = Une valeur de PCR fait { $bytes ->
        [one] { $bytes } octet
        [many] { $bytes } d'octets
       *[other] { $bytes } octets
    }
    .hint = Envoyez celles de la banque SHA-256 : 64 chiffres hexadécimaux chacune
tpm_bytes_long = `{ $what }` fait { $characters ->
        [one] { $characters } caractère
        [many] { $characters } de caractères
       *[other] { $characters } caractères
    }
    .hint = Écrivez les octets du fichier en chiffres hexadécimaux, { $bytes } octets au plus
tpm_bytes_digits = `{ $what }` n'est pas écrit en chiffres : { $error }
    .hint = Écrivez les octets du fichier en chiffres hexadécimaux, { $bytes } octets au plus
no_tpms = Ce nœud n'inscrit pas de TPM
    .hint = Son exploitant l'active en nommant dans `verifyid.tpm_roots` les fabricants dont les certificats sont acceptés ; ou interrogez un autre nœud
bad_secret = Ce n'est pas le secret du justificatif, ou les clés ne sont pas celles de la première étape
    .hint = Inscrivez de nouveau : `thronos device tpm enrol DEVICE`
tpm_not_written = Ce que le TPM a montré n'a pas pu être consigné, rien n'en est donc dit
    .hint = Recommencez avec un autre défi ; l'exploitant trouvera la cause dans le journal de ce nœud
tpm_next = Faites-lui produire une citation : demandez un défi pour l'usage `tpm` ou exécutez `thronos device tpm quote DEVICE`
tpm_ek_kind = La clé d'approbation n'est pas une clé RSA de 2 048 bits, par laquelle les TPM sont distingués ici
    .hint = Prenez celle de `tpm2_createek -G rsa`
tpm_of_other_device = Ce TPM a été inscrit pour un autre appareil
    .hint = Un TPM est pour un seul appareil : utilisez cet appareil-là ou révoquez-le d'abord, définitivement (`thronos device revoke DEVICE --from NAME`)
too_many_tpms = Ce nœud conserve autant de TPM qu'il le peut
    .hint = Interrogez un autre nœud de l'autorité ; l'exploitant doit le savoir
tpm_not_enrolled = L'appareil n'a inscrit aucun TPM à ce nœud
    .hint = Inscrivez-le d'abord : `thronos device tpm enrol DEVICE`
tpm_key_changed = L'appareil a une autre clé qu'au moment de l'inscription de son TPM
    .hint = Inscrivez de nouveau le TPM avec la clé actuelle : `thronos device tpm enrol DEVICE`
quote_pcr_count = Il y a plus ou moins de valeurs que de PCR demandés
    .hint = Envoyez une valeur pour chaque PCR que nomme le défi, dans l'ordre de leurs numéros
quote_pcr_value = Le PCR { $number } n'a pas la valeur que ce nœud exige
    .hint = Ce que la machine a démarré n'est pas ce que l'exploitant permet (`verifyid.tpm_pcrs`) : démarrez ce qui est permis ou demandez à l'exploitant
tpm_changed_meanwhile = Une autre citation ou inscription de ce TPM est survenue entre-temps
    .hint = Demandez un autre défi et citez de nouveau : `thronos device tpm quote DEVICE`
of_endorsement_key = La clé d'approbation : { $reason }
of_attestation_key = La clé d'attestation : { $reason }
of_certificate = Le certificat de la clé d'approbation : { $reason }
of_quote = La citation : { $reason }
of_credential = Aucun justificatif : { $reason }
key_form = ce n'est pas une clé de TPM acceptée ici : { $reason }
quote_form = ce n'est pas une citation : { $reason }
signature_form = ce n'est pas une signature d'un TPM : { $reason }
tpm_key_not_restricted = la clé signe ce que n'importe qui lui donne
    .hint = Créez-la avec `tpm2_createak`, pour qu'elle soit restreinte
tpm_key_not_fixed_tpm = la clé peut quitter son TPM
    .hint = Créez-en une avec l'attribut fixedTPM
tpm_key_not_fixed_parent = la clé peut recevoir un autre parent
    .hint = Créez-en une avec l'attribut fixedParent
tpm_key_from_outside = la clé a été apportée au TPM de l'extérieur
    .hint = Faites-en créer une par le TPM
tpm_key_not_signing = la clé ne signe pas
    .hint = Envoyez la clé d'attestation
tpm_key_decrypts = la clé déchiffre, elle ne peut donc pas attester
    .hint = Envoyez la clé d'attestation
tpm_key_not_decrypting = la clé ne déchiffre pas
    .hint = Envoyez la clé d'approbation
tpm_key_signs = la clé signe, elle ne représente donc aucun TPM
    .hint = Envoyez la clé d'approbation
tpm_key_no_scheme = ce avec quoi la clé signe n'est pas fixé
    .hint = Créez-en une avec ECDSA ou RSASSA et SHA-256
tpm_key_cipher = la clé n'a pas le chiffrement de son rôle
    .hint = Créez-la avec `tpm2_createek` ou `tpm2_createak`
tpm_short = cela se termine avant son dernier champ
    .hint = Envoyez le fichier entier qu'ont écrit les outils du TPM
tpm_trailing = des octets suivent son dernier champ
    .hint = Envoyez le fichier seul
tpm_size = la longueur placée devant n'est pas celle de ce qui suit
    .hint = Envoyez le fichier inchangé
tpm_field_length = un champ a une autre longueur que celle de sa sorte
    .hint = Envoyez le fichier inchangé
tpm_key_type = les clés du type { $found } ne sont pas acceptées
    .hint = Créez-en une P-256 ou RSA-2048
tpm_name_algorithm = la clé est nommée par le hachage { $found }
    .hint = Créez-en une dont le nom est par SHA-256
tpm_attributes = les attributs { $found } ont des bits sans signification
    .hint = Créez une autre clé
tpm_symmetric_algorithm = le chiffrement { $found } n'est pas accepté
    .hint = Créez une clé avec AES-128 en mode CFB
tpm_symmetric_bits = AES avec { $found } bits n'est pas accepté
    .hint = Créez une clé avec AES-128
tpm_symmetric_mode = le mode { $found } n'est pas accepté
    .hint = Créez une clé avec AES-128 en mode CFB
tpm_scheme = le schéma { $found } n'est pas accepté
    .hint = Créez une clé avec ECDSA ou RSASSA
tpm_hash_algorithm = le hachage { $found } n'est pas accepté
    .hint = Utilisez SHA-256
tpm_curve = la courbe { $found } n'est pas acceptée
    .hint = Utilisez P-256
tpm_key_derivation = la clé en dérive d'autres par { $found }
    .hint = Créez-en une qui ne le fait pas
tpm_key_bits = RSA avec { $found } bits n'est pas accepté
    .hint = Créez une clé de 2 048 bits
tpm_exponent = l'exposant { $found } n'est pas accepté
    .hint = Créez une clé avec 65 537
tpm_modulus = le module n'est pas celui d'une clé RSA de 2 048 bits
    .hint = Créez une autre clé
tpm_point = le point n'est pas sur la courbe
    .hint = Envoyez la clé telle que le TPM l'a donnée
tpm_magic = cela commence par { $found }, aucun TPM ne l'a donc fait
    .hint = Envoyez ce que dit la citation
tpm_attest_type = cela atteste { $found }
    .hint = Demandez une citation au TPM
tpm_safe = la sûreté de l'horloge est indiquée par { $found }
    .hint = Envoyez la citation inchangée
tpm_pcr_banks = cela contient des PCR de { $found ->
        [one] { $found } banque
        [many] { $found } de banques
       *[other] { $found } banques
    }
    .hint = Demandez seulement ceux de SHA-256
tpm_pcr_bank = cela contient des PCR de la banque { $found }
    .hint = Demandez ceux de SHA-256
tpm_signature_algorithm = les signatures par { $found } ne sont pas acceptées
    .hint = Créez une clé avec ECDSA ou RSASSA
ek_chain_length = { $found ->
        [one] { $found } certificat ne mène
        [many] { $found } de certificats ne mènent
       *[other] { $found } certificats ne mènent
    } à aucune racine
    .hint = Envoyez-en 1 à 4, d'abord celui de la clé elle-même
ek_certificate_too_long = un certificat dépasse 8 192 octets
    .hint = Envoyez chacun en DER, seul
ek_certificate_form = un certificat est illisible
    .hint = Envoyez chacun en DER, seul
ek_certificate_critical_extension = un certificat exige ce qui n'est pas compris ici
    .hint = Il ne peut pas être accepté
ek_certificate_purpose = le premier certificat n'est pas celui d'une clé d'approbation
    .hint = Envoyez celui que possède le TPM ou son fabricant
ek_certificate_other_key = le premier certificat est celui d'une autre clé
    .hint = Envoyez celui de la clé d'approbation que vous avez envoyée
ek_certificate_early = un certificat n'est pas encore valable
    .hint = Réglez l'horloge ou attendez
ek_certificate_over = un certificat a expiré
    .hint = Demandez-en un autre au fabricant du TPM
ek_chain_not_issued = aucune racine de ce service n'a émis le dernier certificat
    .hint = Envoyez aussi les certificats intermédiaires ou demandez à l'exploitant
ek_chain_may_not_issue = un certificat a été émis par un autre qui n'en a pas le droit
    .hint = Il ne peut pas être accepté
ek_chain_algorithm = un certificat est signé d'une manière qui n'est pas acceptée
    .hint = RSA et les courbes P-256 et P-384 sont acceptés, avec SHA-2
ek_chain_signature = un certificat n'a pas été signé par son émetteur
    .hint = Envoyez-les inchangés
ek_root_form = une racine de la liste de ce service n'est pas un certificat
    .hint = Son exploitant doit corriger `verifyid.tpm_roots`
quote_signature_kind = la signature est d'une autre sorte de clé
    .hint = Citez avec la clé qui a été inscrite
quote_signature = la clé n'a pas signé cela
    .hint = Citez avec la clé inscrite et envoyez le message et la signature d'une même citation
quote_qualified_signer = la clé a au-dessus d'elle d'autres clés qu'à son inscription
    .hint = Inscrivez-la de nouveau
quote_extra_data = la citation répond à un autre défi
    .hint = Citez avec les 32 octets de celui-ci
quote_clock_unsafe = le TPM a perdu son courant sans arrêt et ne garantit pas son horloge
    .hint = Réessayez dans une heure
quote_resets_fell = le TPM a été effacé, ou cette citation est plus ancienne
    .hint = Inscrivez-le de nouveau s'il a été effacé
quote_restarts_fell = le TPM a été effacé, ou cette citation est plus ancienne
    .hint = Inscrivez-le de nouveau s'il a été effacé
quote_clock_stood = l'horloge du TPM n'a pas avancé depuis la dernière citation
    .hint = Demandez un autre défi et citez de nouveau
quote_pcr_selection = la citation porte sur d'autres PCR que ceux demandés
    .hint = Citez ceux de SHA-256 que nomme la politique
quote_pcr_digest = les PCR ont d'autres valeurs que la politique
    .hint = Ce que la machine a démarré a changé
credential_secret_length = un secret de { $found ->
        [one] { $found } octet
        [many] { $found } d'octets
       *[other] { $found } octets
    } ne tient dans aucun justificatif
    .hint = Prenez-en 1 à 32
credential_random = le système ne donne pas de nombres aléatoires
    .hint = Réessayez
credential_encryption = la graine n'a pas pu être chiffrée pour la clé d'approbation
    .hint = Réessayez
unknown_class = Cette chaîne n'a pas de classe { $class } de taux de travail
    .hint = `thronos ask verifyid rules` les énumère
beacon_too_old = La balise { $beacon } n'est pas ici de la dernière minute
    .hint = Commencez par la plus récente : `thronos ask verifyid beacon`
statement_expired = La parole de l'appareil a expiré ou vaut plus longtemps qu'il n'est permis
    .hint = Faites signer de nouveau l'appareil, pour une heure
attest_bad_answer = La clé actuelle de l'appareil n'a pas signé ceci
    .hint = Signez avec la clé actuelle de l'appareil pour cette chaîne, cet appareil, cette classe et cette balise
attest_wrong_kind = Un appareil de ce type ne mine pas
    .hint = Enregistrez un mineur comme `asic`, `gpu_miner` ou `cpu_miner`
attest_not_accepted = Le propriétaire que nomme l'enregistrement n'a pas encore accepté l'appareil
    .hint = Acceptez-le avec le compte du propriétaire : `thronos device accept DEVICE --from OWNER`
attest_higher_class = Une classe supérieure de l'appareil compte encore
    .hint = Il n'y a plus rien à faire : voyez `thronos device show DEVICE`
attest_beacon_used = La balise n'est pas plus récente que ce que l'appareil a montré en dernier, ou que sa clé, son propriétaire et son état
    .hint = Commencez par une plus récente : `thronos ask verifyid beacon` indique la dernière
