malformed_challenge = Esto no es un desafío
    .hint = Entregue `challenge` tal como se le dio, en dígitos hexadecimales; no se ha consumido nada
bad_answer = La respuesta no demuestra la clave del dispositivo
    .hint = Pida otro desafío y firme exactamente su preimagen con la clave actual del dispositivo
suspended = El dispositivo está suspendido
    .hint = Su propietario debe acudir a la autoridad; responderá de nuevo cuando se levante la suspensión, con la misma clave
revoked = El dispositivo está revocado definitivamente
    .hint = Registre otro dispositivo
held = Un verificador retiene el dispositivo
    .hint = Espere: una retención dura como máximo un día; `GET /api/v1/verifyid/devices/{"{"}id{"}"}` indica hasta cuándo
not_accepted = El propietario que nombra el registro no ha aceptado el dispositivo
    .hint = Su propietario envía `thronos device accept DEVICE --from NAME`; después pida otro desafío
challenge_used = El desafío ya se respondió
    .hint = Pida otro desafío
wrong_instance = Otro servicio dio este desafío
    .hint = Entréguelo donde se le dio o pida aquí otro; no se ha consumido nada
expired = El desafío ha caducado
    .hint = Pida otro y responda en menos de cinco minutos
asked_too_often = Esta red ha pedido tantos desafíos como puede en un minuto
    .hint = Espere { $seconds } s o muestre el token de un cliente; los desafíos ya dados pueden responderse
too_many_tokens = Esta red ha pedido tantos tokens como puede en un minuto
    .hint = Espere { $seconds } s; un token vale un día
locked = De esta red llegaron cinco respuestas erróneas para este dispositivo
    .hint = Espere { $seconds } s o muestre el token de un cliente; los desafíos ya dados pueden responderse
too_many_answers = Se recuerdan demasiadas respuestas, por lo que esta no se juzgó
    .hint = En seis minutos vuelve a haber sitio y el desafío sigue valiendo sus cinco: inténtelo hasta que caduque y entonces pida otro; el token de un cliente tiene su propio sitio
answer_not_written = No se pudo anotar la respuesta, por lo que no se dice nada de ella
    .hint = Pida otro desafío o pregunte a otro nodo
clock_behind = El reloj de este nodo va atrasado respecto a la cadena, por lo que lo que dice no podría ponerse en ella
    .hint = Pregunte a otro nodo; el operador de este pone en hora el reloj
plan_required = En el mes del cliente se han usado { $used } de { $limit ->
        [one] { $limit } verificación
        [many] { $limit } de verificaciones
       *[other] { $limit } verificaciones
    }
    .hint = El cliente contrata un plan: `thronos plan show`; o espere al mes siguiente
plan_expired = En el mes del cliente se han usado { $used } de { $limit ->
        [one] { $limit } verificación
        [many] { $limit } de verificaciones
       *[other] { $limit } verificaciones
    }
    .hint = El plan del cliente ha terminado: haga que lo renueven, `thronos plan show`; o espere al mes siguiente
quota_exhausted = En el mes del cliente se han usado { $used } de { $limit ->
        [one] { $limit } verificación
        [many] { $limit } de verificaciones
       *[other] { $limit } verificaciones
    }
    .hint = Espere lo que indique `retry-after`, o el cliente contrata un plan mayor: `thronos plan show`
no_challenges = Este nodo no da desafíos
    .hint = Su operador los activa con `verifyid.enabled = true`
behind_ask = Este nodo va por detrás de la cadena y no sabe cómo están los dispositivos
    .hint = Pregunte a otro nodo o inténtelo de nuevo en unos segundos
behind_challenge = Este nodo va por detrás de la cadena y no sabe cómo están los dispositivos
    .hint = El desafío sigue siendo válido: inténtelo de nuevo en unos segundos
behind_enrolment = Este nodo va por detrás de la cadena y no sabe cómo están los dispositivos
    .hint = La inscripción sigue siendo válida: inténtelo de nuevo en unos segundos
request_too_long = El cuerpo supera los { $bytes } bytes
    .hint = Una petición de esta ruta es más corta: consulte /docs
audience_length = El destinatario (audience) tiene { $bytes ->
        [one] { $bytes } byte
        [many] { $bytes } de bytes
       *[other] { $bytes } bytes
    }
    .hint = Indique para quién es la respuesta en 1 a 256 bytes
wrong_audience = El propósito `{ $purpose }` es para `{ $own }`, y el destinatario es `{ $audience }`
    .hint = Pida con ese destinatario o con el propósito `presence`
wrong_enrol_audience = Una inscripción nombra sus claves, y el destinatario es `{ $audience }`
    .hint = Pida `thr-tpm-enrol:`, los ocho primeros dígitos del identificador de la cadena, `:` y el SHA-256 de ambas áreas públicas
wrong_purpose_enrol = El desafío se pidió con el propósito `{ $purpose }`
    .hint = Entréguelo donde corresponde: `POST /api/v1/verifyid/hmac/enrol`, o `…/tpm/enrolments` y `…/tpm/activations`; no se ha consumido nada
wrong_purpose_tpm = El desafío se pidió con el propósito `{ $purpose }`
    .hint = Entréguelo en `POST /api/v1/verifyid/tpm/quotes`, con la cita (quote) del TPM; no se ha consumido nada
wrong_purpose_presence = El desafío se pidió con el propósito `{ $purpose }`
    .hint = Pida otro desafío con el propósito `enrol`; no se ha consumido nada
wrong_purpose_login = El desafío se pidió con el propósito `{ $purpose }`
    .hint = Entréguelo en `POST /api/v1/verifyid/challenges/answer`, con la firma de la clave del dispositivo; no se ha consumido nada
wrong_purpose_tpm_enrol = El desafío se pidió con el propósito `{ $purpose }`
    .hint = Entréguelo en `POST /api/v1/verifyid/tpm/enrolments`; no se ha consumido nada
no_signature = La respuesta tiene { $characters ->
        [one] { $characters } carácter
        [many] { $characters } de caracteres
       *[other] { $characters } caracteres
    } y no es una firma
    .hint = Escriba 128 dígitos hexadecimales: r y s, o R y S, de 32 bytes cada uno
no_mac = La respuesta tiene { $characters ->
        [one] { $characters } carácter
        [many] { $characters } de caracteres
       *[other] { $characters } caracteres
    } y no es un MAC
    .hint = Escriba 64 dígitos hexadecimales: HMAC-SHA-256 con el secreto del dispositivo
device_of_other_network = `{ $text }`: es un dispositivo de otra red; aquí empiezan por `{ $expected }1`
    .hint = Copie de nuevo el identificador: su texto o 64 dígitos hexadecimales
device_typo = `{ $text }`: el identificador del dispositivo tiene un error tipográfico, su suma de comprobación no coincide; cópielo de nuevo
    .hint = Copie de nuevo el identificador: su texto o 64 dígitos hexadecimales
device_malformed = `{ $text }`: esto no es un dispositivo; se esperaba `{ $expected }1…` o 64 dígitos hexadecimales
    .hint = Copie de nuevo el identificador: su texto o 64 dígitos hexadecimales
no_device = No hay ningún dispositivo registrado con este identificador
    .hint = Regístrelo o compare el identificador
registered_on_chain = Un dispositivo se registra con una transacción y con la palabra de su clave: lo que su fabricante o propietario diga de su hardware no demuestra nada
    .hint = Cree una clave y regístrela: `thronos device new NAME`, `thronos device register KEY --kind KIND --from NAME`
no_verifications = Este nodo no guarda verificaciones
    .hint = Su operador hace que se guarden indicando la clave de una cuenta con `accounts.verifyid`
verifications_unreadable = El nodo no puede leer sus verificaciones
    .hint = Pregunte más tarde; el operador encontrará la causa en el registro de este nodo
no_verification = No se guarda ninguna verificación de este desafío
    .hint = Compare el identificador; las pruebas se ofrecen durante 400 días, y solo en el nodo que dio el desafío
no_challenge_id = `{ $text }` no es el identificador de un desafío
    .hint = Escriba los 32 dígitos hexadecimales de `challenge_id`
token_request_old = La petición no se firmó en el último minuto, o en la última hora si la cuenta tiene varias claves
    .hint = Compare los relojes y firme la hora actual: `issued_at` en milisegundos desde 1970
token_request_signature = La clave de la cuenta no firmó esta petición
    .hint = Firme el SHA-256 de etiqueta, identificador de la cadena, cuenta, `kid` de la primera clave actual de /.well-known/jwks.json e `issued_at`; con s bajo
token_no_customer = La cuenta no tiene plan ni dispositivo que cuente en ella
    .hint = Registre un dispositivo con ella o haga que le asignen un plan: `thronos plan show`
token_too_many = La cuenta recibió en una hora tantos tokens como puede
    .hint = Use uno que tenga, que vale un día, o espere lo que indique `retry-after`
token_taken_back = El token de esta petición fue retirado
    .hint = Firme la hora actual; si se retiraron muchos, medio minuto después
no_tokens = Este nodo no da tokens
    .hint = Su operador los activa con `verifyid.give_tokens = true`; pida sin token
too_many_taken_back = Se retiraron tokens de tantas cuentas como este nodo recuerda
    .hint = En un día vuelve a haber sitio; el operador termina todos los tokens de una vez apartando `token.keys`
token_not_written = El token puede volver a ser válido cuando se reinicie el nodo
    .hint = Envíe lo mismo más tarde; el operador encontrará la causa en el registro de este nodo
token_unsigned = La petición no está firmada ni por una clave ni por las claves de una política
    .hint = Indique `public_key` y `signature`, o `policy` y `signatures` para una cuenta con varias claves
policy_key_count = Una cuenta multifirma tiene de 1 a 16 claves, no { $keys }
    .hint = Indique la política con la que se creó la cuenta y tantas firmas como su umbral, por posición creciente de su clave
policy_threshold = El umbral debe estar entre 1 y el número de claves, { $keys }, y no ser { $threshold }
    .hint = Indique la política con la que se creó la cuenta y tantas firmas como su umbral, por posición creciente de su clave
policy_order = Las claves deben estar en orden creciente y sin repeticiones
    .hint = Indique la política con la que se creó la cuenta y tantas firmas como su umbral, por posición creciente de su clave
policy_signatures = Las claves de la política no crecen, o el número de firmas es { $count } en lugar de { $needed }
    .hint = Indique la política con la que se creó la cuenta y tantas firmas como su umbral, por posición creciente de su clave
policy_places = Las firmas no siguen las posiciones crecientes de las claves de la política
    .hint = Indique la política con la que se creó la cuenta y tantas firmas como su umbral, por posición creciente de su clave
policy_more_signatures = Hay más firmas que claves
    .hint = Indique la política con la que se creó la cuenta y tantas firmas como su umbral, por posición creciente de su clave
no_digits = `{ $text }` no es una clave ni una firma: { $error }
    .hint = Escriba dígitos hexadecimales: 66 para una clave, 128 para una firma
no_hmac = Este nodo no acepta respuestas de dispositivos antiguos mediante un secreto
    .hint = Su operador las activa con `verifyid.hmac_devices = true`; responda con la clave del dispositivo
enrolment_over = La clave del dispositivo o su propietario ha cambiado desde que recibió este secreto
    .hint = Su propietario lo inscribe de nuevo: `thronos device hmac enrol KEY`
too_many_enrolled = Hay inscritos tantos dispositivos antiguos como guarda este nodo
    .hint = Responda con la clave del dispositivo o inscríbalo en otro nodo: `thronos device hmac enrol KEY --node URL`
enrolment_not_written = No se pudo anotar la inscripción, por lo que no se comunica ningún secreto
    .hint = Pida otro desafío e inscríbalo de nuevo; el operador encontrará la causa en el registro de este nodo
tpm_request_too_long = El cuerpo supera los { $bytes } bytes
    .hint = Envíe dos áreas públicas de 512 bytes y como máximo cuatro certificados de 8.192, en dígitos hexadecimales
tpm_certificates = Hay { $count ->
        [one] { $count } certificado
        [many] { $count } de certificados
       *[other] { $count } certificados
    }
    .hint = Envíe de 1 a 4, primero el de la clave de respaldo (endorsement key)
tpm_pcr_values = Hay { $count ->
        [one] { $count } valor
        [many] { $count } de valores
       *[other] { $count } valores
    } de PCR
    .hint = Envíe uno por cada PCR que nombra el desafío
tpm_pcr_bytes = Un valor de PCR tiene { $bytes ->
        [one] { $bytes } byte
        [many] { $bytes } de bytes
       *[other] { $bytes } bytes
    }
    .hint = Envíe los del banco SHA-256: 64 dígitos hexadecimales cada uno
tpm_bytes_long = `{ $what }` tiene { $characters ->
        [one] { $characters } carácter
        [many] { $characters } de caracteres
       *[other] { $characters } caracteres
    }
    .hint = Escriba los bytes del archivo como dígitos hexadecimales, { $bytes } bytes como máximo
tpm_bytes_digits = `{ $what }` no está escrito en dígitos: { $error }
    .hint = Escriba los bytes del archivo como dígitos hexadecimales, { $bytes } bytes como máximo
no_tpms = Este nodo no inscribe TPM
    .hint = Su operador lo activa nombrando en `verifyid.tpm_roots` los fabricantes cuyos certificados se aceptan; o pregunte a otro nodo
bad_secret = Este no es el secreto de la credencial, o las claves no son las del primer paso
    .hint = Inscríbalo de nuevo: `thronos device tpm enrol DEVICE`
tpm_not_written = No se pudo anotar lo que mostró el TPM, por lo que no se dice nada de ello
    .hint = Empiece de nuevo con otro desafío; el operador encontrará la causa en el registro de este nodo
tpm_next = Haga que emita una cita: pida un desafío con el propósito `tpm` o ejecute `thronos device tpm quote DEVICE`
tpm_ek_kind = La clave de respaldo no es una clave RSA de 2.048 bits, por las que aquí se distinguen los TPM
    .hint = Tome la de `tpm2_createek -G rsa`
tpm_of_other_device = Este TPM se inscribió para otro dispositivo
    .hint = Un TPM es para un solo dispositivo: use aquel dispositivo o revóquelo antes, de forma definitiva (`thronos device revoke DEVICE --from NAME`)
too_many_tpms = Este nodo guarda tantos TPM como puede
    .hint = Pregunte a otro nodo de la autoridad; el operador debe saberlo
tpm_not_enrolled = El dispositivo no ha inscrito ningún TPM en este nodo
    .hint = Inscríbalo primero: `thronos device tpm enrol DEVICE`
tpm_key_changed = El dispositivo tiene otra clave que cuando se inscribió su TPM
    .hint = Inscriba de nuevo el TPM con la clave actual: `thronos device tpm enrol DEVICE`
quote_pcr_count = Hay más o menos valores que PCR pedidos
    .hint = Envíe un valor por cada PCR que nombra el desafío, en el orden de sus números
quote_pcr_value = El PCR { $number } no tiene el valor que exige este nodo
    .hint = Lo que arrancó la máquina no es lo que permite el operador (`verifyid.tpm_pcrs`): arranque lo permitido o pregunte al operador
tpm_changed_meanwhile = Entretanto llegó otra cita u otra inscripción de este TPM
    .hint = Pida otro desafío y cite de nuevo: `thronos device tpm quote DEVICE`
of_endorsement_key = La clave de respaldo: { $reason }
of_attestation_key = La clave de atestación: { $reason }
of_certificate = El certificado de la clave de respaldo: { $reason }
of_quote = La cita: { $reason }
of_credential = Ninguna credencial: { $reason }
key_form = no es una clave de TPM que se acepte aquí: { $reason }
quote_form = no es una cita: { $reason }
signature_form = no es una firma de un TPM: { $reason }
tpm_key_not_restricted = la clave firma lo que cualquiera le dé
    .hint = Créela con `tpm2_createak`, para que esté restringida
tpm_key_not_fixed_tpm = la clave puede salir de su TPM
    .hint = Cree una con el atributo fixedTPM
tpm_key_not_fixed_parent = a la clave se le puede dar otra clave superior
    .hint = Cree una con el atributo fixedParent
tpm_key_from_outside = la clave se llevó al TPM desde fuera
    .hint = Haga que el TPM cree una
tpm_key_not_signing = la clave no firma
    .hint = Envíe la clave de atestación
tpm_key_decrypts = la clave descifra, por lo que no puede atestar
    .hint = Envíe la clave de atestación
tpm_key_not_decrypting = la clave no descifra
    .hint = Envíe la clave de respaldo
tpm_key_signs = la clave firma, por lo que no representa a ningún TPM
    .hint = Envíe la clave de respaldo
tpm_key_no_scheme = no está fijado con qué firma la clave
    .hint = Cree una con ECDSA o RSASSA y SHA-256
tpm_key_cipher = la clave no tiene el cifrado de su función
    .hint = Créela con `tpm2_createek` o `tpm2_createak`
tpm_short = termina antes de su último campo
    .hint = Envíe el archivo entero que escribieron las herramientas del TPM
tpm_trailing = siguen bytes tras su último campo
    .hint = Envíe solo el archivo
tpm_size = la longitud indicada no es la de lo que sigue
    .hint = Envíe el archivo sin cambios
tpm_field_length = un campo tiene otra longitud que la de su clase
    .hint = Envíe el archivo sin cambios
tpm_key_type = no se aceptan claves del tipo { $found }
    .hint = Cree una P-256 o RSA-2048
tpm_name_algorithm = la clave se nombra con el hash { $found }
    .hint = Cree una cuyo nombre sea por SHA-256
tpm_attributes = los atributos { $found } tienen bits sin significado
    .hint = Cree otra clave
tpm_symmetric_algorithm = no se acepta el cifrado { $found }
    .hint = Cree una clave con AES-128 en modo CFB
tpm_symmetric_bits = no se acepta AES con { $found } bits
    .hint = Cree una clave con AES-128
tpm_symmetric_mode = no se acepta el modo { $found }
    .hint = Cree una clave con AES-128 en modo CFB
tpm_scheme = no se acepta el esquema { $found }
    .hint = Cree una clave con ECDSA o RSASSA
tpm_hash_algorithm = no se acepta el hash { $found }
    .hint = Use SHA-256
tpm_curve = no se acepta la curva { $found }
    .hint = Use P-256
tpm_key_derivation = la clave deriva otras con { $found }
    .hint = Cree una que no lo haga
tpm_key_bits = no se acepta RSA con { $found } bits
    .hint = Cree una clave de 2.048 bits
tpm_exponent = no se acepta el exponente { $found }
    .hint = Cree una clave con 65.537
tpm_modulus = el módulo no es el de una clave RSA de 2.048 bits
    .hint = Cree otra clave
tpm_point = el punto no está en la curva
    .hint = Envíe la clave tal como la dio el TPM
tpm_magic = empieza por { $found }, así que no lo hizo ningún TPM
    .hint = Envíe lo que dice la cita
tpm_attest_type = atesta { $found }
    .hint = Pida al TPM una cita
tpm_safe = si el reloj es seguro se indica como { $found }
    .hint = Envíe la cita sin cambios
tpm_pcr_banks = tiene PCR de { $found ->
        [one] { $found } banco
        [many] { $found } de bancos
       *[other] { $found } bancos
    }
    .hint = Pida solo los de SHA-256
tpm_pcr_bank = tiene PCR del banco { $found }
    .hint = Pida los de SHA-256
tpm_signature_algorithm = no se aceptan firmas con { $found }
    .hint = Cree una clave con ECDSA o RSASSA
ek_chain_length = { $found ->
        [one] { $found } certificado no lleva
        [many] { $found } de certificados no llevan
       *[other] { $found } certificados no llevan
    } a ninguna raíz
    .hint = Envíe de 1 a 4, primero el de la propia clave
ek_certificate_too_long = un certificado supera los 8.192 bytes
    .hint = Envíe cada uno en DER, solo
ek_certificate_form = un certificado no se puede leer
    .hint = Envíe cada uno en DER, solo
ek_certificate_critical_extension = un certificado exige algo que aquí no se entiende
    .hint = No se puede aceptar
ek_certificate_purpose = el primer certificado no es el de una clave de respaldo
    .hint = Envíe el que tiene el TPM o su fabricante
ek_certificate_other_key = el primer certificado es de otra clave
    .hint = Envíe el de la clave de respaldo que ha enviado
ek_certificate_early = un certificado aún no es válido
    .hint = Ponga en hora el reloj o espere
ek_certificate_over = un certificado ha caducado
    .hint = Pida otro al fabricante del TPM
ek_chain_not_issued = ninguna raíz de este servicio emitió el último certificado
    .hint = Envíe también los intermedios o pregunte al operador
ek_chain_may_not_issue = un certificado fue emitido por uno que no puede emitirlo
    .hint = No se puede aceptar
ek_chain_algorithm = un certificado está firmado de una forma que no se acepta
    .hint = Se aceptan RSA y las curvas P-256 y P-384, con SHA-2
ek_chain_signature = un certificado no fue firmado por su emisor
    .hint = Envíelos sin cambios
ek_root_form = una raíz de la lista de este servicio no es un certificado
    .hint = Su operador debe corregir `verifyid.tpm_roots`
quote_signature_kind = la firma es de otra clase de clave
    .hint = Cite con la clave que se inscribió
quote_signature = la clave no firmó esto
    .hint = Cite con la clave inscrita y envíe el mensaje y la firma de una misma cita
quote_qualified_signer = la clave tiene por encima otras claves que en su inscripción
    .hint = Inscríbala de nuevo
quote_extra_data = la cita responde a otro desafío
    .hint = Cite con los 32 bytes de este
quote_clock_unsafe = el TPM perdió la corriente sin apagarse y no responde de su reloj
    .hint = Inténtelo de nuevo dentro de una hora
quote_resets_fell = el TPM fue borrado, o esta es una cita anterior
    .hint = Inscríbalo de nuevo si fue borrado
quote_restarts_fell = el TPM fue borrado, o esta es una cita anterior
    .hint = Inscríbalo de nuevo si fue borrado
quote_clock_stood = el reloj del TPM no ha avanzado desde la última cita
    .hint = Pida otro desafío y cite de nuevo
quote_pcr_selection = la cita es de otros PCR que los pedidos
    .hint = Cite los de SHA-256 que nombra la política
quote_pcr_digest = los PCR tienen otros valores que la política
    .hint = Lo que arrancó la máquina ha cambiado
credential_secret_length = un secreto de { $found ->
        [one] { $found } byte
        [many] { $found } de bytes
       *[other] { $found } bytes
    } no cabe en una credencial
    .hint = Tome de 1 a 32
credential_random = el sistema no da números aleatorios
    .hint = Inténtelo de nuevo
credential_encryption = no se pudo cifrar la semilla para la clave de respaldo
    .hint = Inténtelo de nuevo
unknown_class = Esta cadena no tiene la clase { $class } de tasas de trabajo
    .hint = `thronos ask verifyid rules` las enumera
beacon_too_old = La baliza { $beacon } no es aquí del último minuto
    .hint = Empiece con la más reciente: `thronos ask verifyid beacon`
statement_expired = La palabra del dispositivo ha vencido o vale más tiempo del permitido
    .hint = Haga que el dispositivo firme de nuevo, para una hora
attest_bad_answer = La clave actual del dispositivo no ha firmado esto
    .hint = Firme con la clave actual del dispositivo para esta cadena, dispositivo, clase y baliza
attest_wrong_kind = Un dispositivo de este tipo no mina
    .hint = Registre un minero como `asic`, `gpu_miner` o `cpu_miner`
attest_not_accepted = El propietario que nombra el registro aún no ha aceptado el dispositivo
    .hint = Acéptelo con la cuenta del propietario: `thronos device accept DEVICE --from OWNER`
attest_higher_class = Una clase superior del dispositivo aún cuenta
    .hint = No queda nada por hacer: vea `thronos device show DEVICE`
attest_beacon_used = La baliza no es más reciente que lo último que mostró el dispositivo, o que su clave, su propietario y su estado
    .hint = Empiece con una más reciente: `thronos ask verifyid beacon` indica la última
