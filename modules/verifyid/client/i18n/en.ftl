# Of `key_file`.
machine_gives_no_random_bytes = this machine gives no random bytes: { $error }
try_again_when_has_started_up = try again when it has started up
no_key_device_damaged = { $value } is no key of a device, or damaged
put_back_from_copy_make_another = put it back from a copy, or make another key with `thronos device new NAME`

# Of `naming`.
cannot_name_device_s_key = `{ $shown }` cannot be the name of a device's key
use_1_32_letters_digits_hyphens = use 1 to 32 letters, digits, hyphens and underscores, or a path with a slash or the ending .json
there_no_key_device = there is no key of a device at { $value }
make_one_key_elsewhere_named_its = make one with `thronos device new NAME`; a key elsewhere is named by its path, a device by its id
ask_device_on_network = ask for the device on this network
take_whole_id_again_from_whoever = take the whole id again from whoever gave it
ids_own_devices_are_listed = ids of own devices are listed by `thronos device list`

# Of `node`.
proven_device_has_form_wallet_does = the proven device has a form that this wallet does not know
use_newer_wallet = use a newer wallet
block_before = block { $height } (before { $value })
proven_no_device_was_registered_up = it is proven that no device { $text } was registered up to { $until }
register_later_key_device_made = register it with `thronos device register { $key } --kind KIND --from NAME`; a later key of a device is made with `thronos device new NAME --for DEVICE`
chain_has_no_module_devices = this chain has no module for devices
ask_another_chain_s_node_node = ask another chain's node with --node URL
list_other_devices_than_those_were = a list of other devices than those that were asked for
another_device_than_one_was_asked = another device than the one that was asked for
something_cannot_read = something that cannot be read: { $error }
node_shows = the node shows { $what }
node_lying_another_version_ask_another = the node is lying or of another version: ask another one

# Of `sending`.
call_longer_than_call_may = the call is longer than a call may be
nothing_was_sent_attest_again_another = nothing was sent; attest again, at another node with --node URL
see_whose = see whose it is with `thronos device show DEVICE`
make_another_key = make another key with `thronos device new NAME`
run_command_again_key_signs_anew = run the command again: the key signs anew
run_command_again_shorter = run the command again with a shorter `--valid-for`
wait_second_run_command_again_key = wait a second and run the command again: the key signs anew
register = register it with `thronos device register KEY --kind KIND --from SENDER`
see_whose_give_owner_s_account = see whose it is with `thronos device show DEVICE`, and give the owner's account with `--from`
there_nothing_more_do_see = there is nothing more to do: see `thronos device show DEVICE`
ask_authority_chain_tells_its_reason = ask the authority of the chain; `thronos device show DEVICE` tells its reason
make_new_key_register = make a new key with `thronos device new NAME` and register that
owner_offers = the owner offers it with `thronos device offer DEVICE --to ADDRESS --from NAME`
owner_offers_again = the owner offers it again with `thronos device offer DEVICE --to ADDRESS --from NAME`
see_whom_offered = see to whom it is offered with `thronos device show DEVICE`
there_nothing_cancel_see = there is nothing to cancel: see `thronos device show DEVICE`
see_from_when_on_drop_other = see from when on with `thronos device show DEVICE`; drop the other key with `thronos device cancel-rotation DEVICE --key OLD_KEY --from SENDER`
give_account_authority_names = give an account of the authority with `--from`; `thronos ask verifyid rules` names it
authority_lists_one = the authority lists one with `thronos verifier set ADDRESS --from NAME`
name_file_device_s_present_key = name the file of the device's present key; `thronos device show DEVICE` tells its id
revoke_device_see_plans = revoke a device, or see the plans with `thronos plan show`
look_again_run_command_again = look again with `thronos device show DEVICE`, and run the command again
name_plan_end_tells_which_runs = name the plan that is to end with `--replace PLAN`; `thronos plan show ADDRESS` tells which runs
ask_authority_chain = ask the authority of the chain
run_command_again_reads_price_anew = run the command again: it reads the price anew
run_command_again_shorter_span = run the command again with fewer `--months`
device_has_shown_already_has_changed = the device has shown this already, or has changed since: run the command again
run_command_again_begins_newest_beacon = run the command again: it begins with the newest beacon
run_command_again_give_so_nothing = run the command again; give `--password-file` so that nothing waits at the end
there_nothing_more_do_higher_class = there is nothing more to do: a higher class still counts; see `thronos device show DEVICE`
see_until_when = see until when with `thronos device show DEVICE`
device_mines_registered_asic_gpu_miner = a device that mines is registered as an asic, gpu_miner or cpu_miner
ask_authority_suspend = ask the authority to suspend it

# Of `key_file`.
enrol_tpm = enrol the TPM with `thronos device tpm enrol { $device_key }`
there_no_key_tpm = there is no key of a TPM at { $value }
no_key_tpm_damaged = { $value } is no key of a TPM, or damaged

# Of `mod`.
tpm_shows_no_certificate_its_endorsement = the TPM shows no certificate of its endorsement key: { $message }
get_from_tpm_s_maker_asks = get it from the TPM's maker (`tpm2_getekcertificate` asks some of them) and give it with --ek-certificate FILE
another_tpm_made_key_tpm_was = another TPM made this key, or the TPM was cleared: enrol it anew with `thronos device tpm enrol NAME`
has_more_than_bytes = it has more than { $bytes_max } bytes

# Of `tool`.
what_says_names_no_tpm = what `--tcti` says names no TPM
write_tpm2_tools_take_such = write it as tpm2-tools take it, such as `device:/dev/tpmrm0`
program_which_drives_tpm_not_installed = the program { $missing }, which drives the TPM, is not installed
install_tpm2_tools_on_debian = install tpm2-tools: on Debian `apt-get install tpm2-tools`
did_not_end_within_three_minutes = { $program } did not end within three minutes
end_what_else_uses_tpm_try = end what else uses the TPM, and try again
who_may_use_tpm_group_on = who may use the TPM is in the group `tss` on Debian; which one it is `--tcti` says, such as `--tcti device:/dev/tpmrm0`
failed = { $program } failed: { $told }

# Of `attest`.
rate_hashes_shown_node = a rate of hashes is shown at a node
leave_offline_out = leave --offline out
chain_has_no_class_work_rates = this chain has no class { $number } of work rates, only { $join }
tells_what_each_them_takes = `thronos ask verifyid rules` tells what each of them takes
not_device_s_present_key = this is not the device's present key
name_file_its_present_key_tells = name the file of its present key; { $show } tells its id
device_suspended_revoked_held = the device is suspended, revoked or held
see_command = see { $show }
device_kind_does_not_mine = a device of this kind does not mine
register_miner_asic_gpu_miner_cpu = register a miner as an asic, gpu_miner or cpu_miner
was_begun_before_goes_on = it was begun before, and goes on
begun_beacon_machines_mine_node_s = begun with the beacon { $number }: machines mine at this node's port with `v={ $text }` in the password
what_no_beacon = what is no beacon
another_beacon = another beacon
another_attestation_than_was_begun = another attestation than was begun
run_command_again_what_was_begun = { $hint }; run the command again: what was begun goes on
only_shares_came_time = only { $shares } of { $needed } shares came in time
nothing_was_sent_no_machine_mined = nothing was sent; no machine mined for the device: point one at this node's port, with `v={ $device }` in the password
nothing_was_sent_take_lower_class = nothing was sent; half of the tries succeed at some { $rate }: have faster machines mine, or take class { $lower }
shares_where_make_attestation = { $count } shares, where { $shares } make an attestation
class_rates_without_difficulty = a class of rates without a difficulty
shares_chain_would_refuse = shares that the chain would refuse ({ $reject })
no_machine_mines_device_yet = ; no machine mines for the device yet
from_connections = , from { $connection }
shares_s_left = { $shares } of { $needed } shares{ $machines }, { $left_s } s left
at_least = at least { $rate_words }
node_gives = the node gives { $what }
nothing_was_sent_attest_another_node = nothing was sent: attest at another node with --node URL
name_node_has_port_miners_node = name a node that has a port for miners with --node URL
run_command_again = run the command again

# Of `challenge`.
holds_no_token = { $value } holds no token
put_service_gave_into_alone_without = put the `token` that the service gave into it, alone, without quotation marks
token_shown_nobody_over_connection_others = a token is shown to nobody over a connection that others can read
name_node_https_node_url = name the node by https:// with --node URL
five_minutes = { $value } (five minutes)
where_challenge_was_given = { $value } where the challenge was given
its_preimage_has_other_than_digits = its preimage has other than digits
name_device_s_present_key_wallet = it was asked for the key `{ $present }` of this wallet: answer with that; if the device's key has changed since, ask for another challenge
name_file_device_s_present_key_2 = name the file of the device's present key, which is not in this wallet; `thronos device show { $device }` tells its id
compare_audience_what_challenge_was_asked = compare --audience with what the challenge was asked for; sign for nobody whom you do not know
ask_another_challenge_if_new_set = ask for another challenge; if it is new, set this machine's clock
nothing_was_signed_ask_whoever_gave = nothing was signed: ask whoever gave you the challenge what it is for
what_no_challenge = what is no challenge
another_challenge_than_was_asked = another challenge than it was asked for: { $refused }
give_service_gave_json = give it as the service gave it: JSON with `challenge` and `preimage`
no_challenge = this is no challenge: { $why }
nothing_was_signed_ask_another_node = nothing was signed for it: ask another node with --node URL
tells_id_its_present_key = `thronos device show { $device }` tells the id of its present key
tells_how_stands = `thronos device show { $device }` tells how it stands
done_device_s_present_key_its = it is done with the device's present key, by its present owner
customer_s_token_shown_token_file = a customer's token is shown with --token-file FILE
ask_without_token_file_another_node = ask without --token-file, or another node with --node URL
ask_node_gives_out_challenges_node = ask a node that gives out challenges with --node URL
node_gives_verdict_something_else_than = the node gives a verdict of something else than was asked for
answer_was_handed_its_challenge_used = the answer was handed in, and its challenge is used up: run the command again, at another node with --node URL
work_class = , work class { $class }

# Of `hmac`.
secret_sent_nobody_over_connection_others = a secret is sent by nobody over a connection that others can read
node_gives_secret_something_else_than = the node gives a secret of something else than was asked for
secret_device_had_node_may_good = a secret that the device had at this node may be good for nothing now: run the command again, at another node with --node URL
holds_no_secret_device_damaged = { $value } holds no secret of a device, or is damaged
have_device_enrolled_anew = have the device enrolled anew: `thronos device hmac enrol KEY --out FILE`
compare_audience_what_challenge_was_asked_2 = compare --audience with what the challenge was asked for
nothing_was_answered_ask_whoever_gave = nothing was answered: ask whoever gave you the challenge what it is for
told_once = { $secret } (told this once)

# Of `list`.
there_are_no_accounts = there are no accounts in { $directory }
give_address_make_account = give an address, or make an account with `thronos wallet new`
node_lists_device_says_another_account = the node lists a device that it says is another account's, or has changed hands just now
try_again_ask_another_node = try again, or ask another node
waits_its_owner = waits for its owner
there_may_more_begin_last_one = There may be more: begin with the last one, with `--start DEVICE`.

# Of `new`.
there_already = { $value } is there already
choose_another_name_nothing_was_changed = choose another name; nothing was changed
whoever_has_copy_file_device_has = whoever has a copy of this file is the device: it has no password, as devices answer when nobody is there
main_network_test_networks = { $main } (main network), { $test } (test networks)

# Of `plan`.
genesis_has_no_plan = the genesis has no plan { $number }
see_plans = see `thronos plan show`
no_bound = no bound
not_sale = not for sale
until = { $plan }, until { $value }
used_of_bound = { $devices } of { $bound }
used_of_bound_this_month = { $used } of { $bound } this month, on the chain; what nodes have told and not put there yet comes on top
plan_has_no_price = plan { $plan } has no price
plan_cannot_replace_itself = plan { $plan } cannot replace itself
leave_out_same_plan_goes_on = leave `--replace` out: the same plan goes on from its end
devices_verifications_month = { $bound } devices and { $bound_2 } verifications a month
plan_30_days_costs = plan { $plan } for { $months } of 30 days costs { $shown }: { $terms }
pay = Pay { $shown }?
plan_0_takes_plan_away_now = plan 0 takes the plan away, now
leave_out = leave `--for` out
plan_needs_end = plan { $plan } needs an end
say_how_long_runs_such = say how long it runs, such as `--for 365d`

# Of `register`.
later_key_device = this is a later key of the device { $device }
device_registered_its_first_key_give = a device is registered by its first key; give it this one with `thronos device rotate NEW_KEY --old-key KEY --from NAME`
gives_its_word_registered_until = { $device } gives its word to be registered until { $value }
has_level_0_until_its_owner = it has level 0 until its owner has accepted it

# Of `rotate`.
what_key_signs_here_says_how = what a key signs here says how many times the device's key has changed, and only a node tells that
leave_out_alone_writes_file_too = leave `--offline` out; `--out FILE` alone writes a file, too
key_has_id_device_s_present = this key has the id { $key_id }, and the device's present key has { $key_id_2 }
name_present_key_wallet = name the present key: it is `{ $present }` in this wallet
name_file_present_key_not_wallet = name the file of the present key: it is not in this wallet
first_key_device_its_own = `{ $new_key }` is the first key of a device of its own
make_new_key = make the new key with `thronos device new NAME --for DEVICE`
there_nothing_more_do_see_2 = there is nothing more to do: see `thronos device show { $device }`
key_force_already = this key is in force already
old_key_signs_nothing_any_more = the old key signs for nothing any more once this is final; its file stays until you remove it
key_was_announced_its_time_has = the key was announced, and its time has come at { $value }: this completes it
key_announced_already_can_begin_from = the key is announced already and can begin from { $value } on
run_again_then_old_key_hand = run this again then; with the old key at hand, give it with `--old-key`
another_key_announced = another key is announced, { $key }
drop_first = drop it first with { $drop_it }
new_key_announced_can_begin_from = the new key is announced, and can begin from about { $value } on: run this again then. Until then the old key stays in force, and can drop it with { $drop_it }
proven_no_new_key_announced_device = it is proven that no new key is announced for the device
there_nothing_cancel_see_2 = there is nothing to cancel: see `thronos device show { $device }`

# Of `show`.
no_device_id_was_ever_registered = no device of this id was ever registered
changed = changed { $time }
can_begin_from_on = { $key }, can begin from { $value } on
in_block = in block { $registered_height }, { $value }
reason = {" "}(reason { $number })
revoked_good = it is revoked, for good{ $reason }
suspended_only_authority_can_reinstate = it is suspended{ $reason }: only the authority can reinstate it
verifier_holds_until = a verifier holds it until { $value }
its_owner_has_not_accepted_owner = its owner has not accepted it: `thronos device accept { $device } --from { $owner }`, with the owner's account
highest = this is the highest
authority_has_not_certified_its_maker = the authority has not certified that its maker made its key, or that has lapsed
authority_has_certified_neither_tpm_nor = the authority has certified neither a TPM nor its maker, or that has lapsed
has_shown_no_rate_hashes_still = it has shown no rate of hashes that still counts, and the authority has certified neither a TPM nor its maker

# Of `standing`.
device_revoked_good_its_key_never = The device is revoked for good, and its key never used again. Revoke it?

# Of `token`.
has_several_keys_its_request_goes = `{ $from }` has several keys: its request goes to a file to be signed
give_then_them = give `--out FILE`, then `thronos plan token-sign FILE --from NAME` for { $threshold } of them
key_not_policy_request = the key of `{ $from }` is not in the policy of the request
sign_key_policy = sign with a key of the policy
has_another_format = it has another format
no_request_token = { $value } is no request for a token: { $why }
make_one = make one with `thronos plan token --from NAME --out FILE`
request_good_hour = the request is of { $value }, and is good for an hour
make_another = make another with `thronos plan token --from NAME --out FILE`
signature_none_request = the signature by { $key } is none of this request
take_file_was_before_signature_sign = take the file as it was before that signature, and sign it again
request_has_signatures_needs = the request has { $chosen } of the { $needed } signatures that it needs
have_another_key_policy_sign = have another key of the policy sign it: `thronos plan token-sign FILE --from NAME`
needs = { $have } of the { $needed } that it needs
token_sent_nobody_over_connection_others = a token is sent by nobody over a connection that others can read
node_names_no_key_signs_its = the node names no key that signs its tokens

# Of `tpm`.
word_another_device_than_one_whose = word of another device than the one whose TPM was enrolled
certificates_lead_no_root = { $certificate } certificates lead to no root
give_most_three_certificate_file = give at most three with --certificate FILE
what_no_credential = what is no credential
tpm_was_enrolled_another_key_device = the TPM was enrolled by another key of the device
enrol_present_one = enrol it with the present one: `thronos device tpm enrol { $key }`
verdict_something_else_than_was_asked = a verdict of something else than was asked for
no_pcrs_tpm_could_quote = no PCRs that a TPM could quote
quote_changes_none_authority_sets = { $level } (a quote changes none: the authority sets it)

# Of `transfer`.
offer_lasts_most_says = an offer lasts { $span_words } at most, and `--for` says { $lasts }
offer_less_again_later = offer it for less, and again later
device_offered_another_account_one_offers = a device is offered to another account, and this is the one that offers it
name_whose = name with --to whose it is to be
see_on_machine_connection_give = see it with `thronos device show { $device }` on a machine with a connection, and give it with `--rotation`
without_node_must_given = without a node, `--rotation` must be given
proven_device_s_already = it is proven that the device is `{ $from }`'s already
there_nothing_take_see = there is nothing to take: see `thronos device show { $device }`
proven_device_offered = it is proven that the device is offered to { $to }
proven_device_not_offered_anybody = it is proven that the device is not offered to anybody
ask_its_owner = ask its owner for `thronos device offer { $device } --to { $to } --from NAME`
key_device_shows_do_you_take = Is this the key that the device shows, and do you take it?
changed_2 = { $key_id }, changed { $time }
level_1_counted_on_your_plan = level 1, and counted on your plan

# Of `verification`.
write_32_hexadecimal_digits_which_stands = write the 32 hexadecimal digits of `challenge_id`, which stands in the verdict
no_challenge_s_id = this is no challenge's id
node_answers_another_verification_than_was = the node answers with another verification than was asked for
written_checks_anywhere = written to { $out }: `thronos verify-batch { $out }` checks it anywhere
batch_closes_after_ten_minutes_on = a batch closes after ten minutes, and is on the chain soon after: run the command again then
verification_not_on_chain_yet_so = the verification is not on the chain yet, so nothing proves it
not_yet_batch_closes_after_ten = not yet: a batch closes after ten minutes, and the block after it proves it
give_file_wrote = give the file as `thronos device verification CHALLENGE --out FILE` wrote it
no_proof_verification = { $value } is no proof of a verification: { $error }
form_version_does_not_know = { $value } is of a form that this version does not know
proven_chain_has_no_such_batch = it is proven that the chain has no such batch
proven_batch_has_form_wallet_does = the proven batch has a form that this wallet does not know
path_longer_than_any_can = the path is longer than any can be
path_does_not_lead_from_verification = the path does not lead from this verification to the root of the batch on the chain
batch_another_block_than_said = the batch is in another block than is said
verification_another_time_than_its_batch = the verification is of another time than its batch
challenge_s_id_not_32_hexadecimal = the challenge's id is not 32 hexadecimal digits
proves_nothing_ask_whoever_gave_another = it proves nothing: ask whoever gave it for another, or another node
wrong_answer = a wrong answer
answer_came_too_late = an answer that came too late
answer_challenge_was_answered_before = an answer to a challenge that was answered before
no_answer = no answer
right_answer_device_did_not_count = a right answer of a device that did not count then
unknown_wallet = unknown to this wallet
sha_256 = SHA-256 { $audience }
sequence_of_verifications = { $sequence }, of { $verification }

# Of `verifier`.
call_names_device_s_owner_rotation = the call names the device's owner, rotation and the time of looking, and only a node tells them
level_counts_most_says = a level counts { $span_words } at most, and `--for` says { $lasts }
set_less_again_later = set it for less, and again later
level_key_changed_evidence = the level is for the key { $key_id } of { $owner }, changed { $time }; evidence { $evidence }

# Words and numbers.
yes = yes
none = none
free = free
never = never
verified = verified
counted_times = { $count ->
        [one] 1 time
       *[other] { $count } times
    }
counted_connections = { $count ->
        [one] 1 connection
       *[other] { $count } connections
    }
counted_verifications = { $count ->
        [one] 1 verification
       *[other] { $count } verifications
    }
counted_months = { $count ->
        [one] 1 month
       *[other] { $count } months
    }
counted_days = { $count ->
        [one] 1 day
       *[other] { $count } days
    }
counted_hours = { $count ->
        [one] 1 hour
       *[other] { $count } hours
    }

# Labels of rows.
label_tpm_until = TPM until:
label_account = account:
label_after_taking = after taking:
label_algorithm = algorithm:
label_announced_key = announced key:
label_answer = answer:
label_at = at:
label_batch = batch:
label_certificate_until = certificate until:
label_challenge = challenge:
label_counted_on = counted on:
label_counts_until = counts until:
label_customer = customer:
label_device = device:
label_devices = devices:
label_enrolled = enrolled:
label_evidence = evidence:
label_file = file:
label_for = for:
label_good_until = good until:
label_hand_in_until = hand in until:
label_held_until = held until:
label_in = in:
label_proven_by = proven by:
label_key_id = key id:
label_key_in_the_state = key in the state:
label_kind = kind:
label_level = level:
label_mac = mac:
label_next_month = next month:
label_next = next:
label_offered_to = offered to:
label_offered_until = offered until:
label_on_the_chain = on the chain:
label_owner = owner:
label_plan = plan:
label_proven = proven:
label_quoted = quoted:
label_registered = registered:
label_result = result:
label_root = root:
label_rotation = rotation:
label_secret = secret:
label_send_until = send until:
label_serial = serial:
label_services_key = service's key:
label_showed = showed:
label_signatures = signatures:
label_state_root = state root:
label_status = status:
label_the_authority_sends = the authority sends:
label_to_sign = to sign:
label_token = token:
label_verifications = verifications:
label_verified = verified:
label_verifier = verifier:
label_why_not_more = why not more:
label_work_rate_until = work rate until:

# Headings of tables.
heading_device = device
heading_kind = kind
heading_level = level
heading_status = status
heading_owner = owner
heading_plan = plan
heading_devices = devices
heading_verifications_a_month = verifications a month
heading_30_days_cost = 30 days cost

# Ids and challenges.
id_of_other_network = `{ $text }`: this is a device of another network; here they begin with `{ $expected }1`
id_with_a_typo = `{ $text }`: the device's id has a typo: its checksum does not match; copy it again
id_malformed = `{ $text }`: this is no device: expected `{ $expected }1…` or 64 hexadecimal digits
challenge_of_other_length = a challenge has 210 bytes
challenge_of_other_form = this is no challenge of VerifyID
challenge_for_other_chain = the challenge is for another chain
challenge_for_other_device = the challenge is for another device
challenge_for_other_key = the challenge is for another key than this one
challenge_for_other_audience = the answer would be for somebody else than this device answers
challenge_for_other_purpose = the answer would be for another purpose than this device answers for
challenge_of_other_life = the challenge would be good for longer than five minutes, or for no time at all
challenge_over = the challenge is over by this device's clock

# Why the chain rejects a call.
reject_malformed_key = the key is not a point of its curve in its one form
reject_unknown_algorithm = the algorithm is none of 1 (Ed25519), 2 (secp256k1) and 3 (P-256)
reject_device_exists = a device with this key is registered already
reject_key_in_use = the key is, or was, that of a device, or was announced for one: a key is never used again
reject_wrong_possession = the new key's signature does not belong to this statement: sign it with that key, for this chain, sender and time
reject_statement_expired = the device signed for a time that is over: let it sign anew
reject_statement_too_long = the device signed for more than 24 hours from now: let it sign for less
reject_unknown_device = no device of this id is registered
reject_not_owner = the device belongs to another account
reject_already_accepted = the owner has accepted the device already
reject_suspended = the device is suspended: the authority can reinstate it
reject_revoked = the device is revoked, for good
reject_no_offer = the device is not offered to anybody
reject_offer_expired = the offer's time is over: the owner can offer the device again
reject_not_recipient = the device is offered to another account
reject_no_rotation = no new key is announced for the device
reject_rotation_early = a new key is announced and its time has not come, or it is another key: wait, cancel it, or sign with the old key too
reject_not_authority = only the authority of the genesis may do this
reject_not_verifier = the account is not among the verifiers that the authority lists
reject_hold_used = the device was held within the last 7 days
reject_unknown_beacon = no beacon of this number is kept: it is too old, or none yet
reject_window_exceeded = more time has passed since the beacon than the class allows
reject_unknown_class = the genesis has no work class of this number
reject_share_count = the proof has not exactly the number of shares of its class
reject_share_order = the shares' hashes do not rise, or one is there twice
reject_above_target = a share's hash is above the target of the class
reject_wrong_binding = a coinbase does not bind this chain, device, class and beacon directly behind its height
reject_wrong_root = a group's coinbase cannot be read, so its shares lead to no root
reject_wrong_device_signature = the signature of the device's present key does not belong to this statement
reject_device_limit = the plan has no room for another device: revoke one, or take a larger plan
reject_quota_exceeded = the verifications of this month and of the next are used up, or the batch has more than four months have room for
reject_verifier_not_allowed = the customer has not allowed this verifier
reject_batch_order = the batch's number is not the one after the verifier's last
reject_batch_count = a batch has 1 to 65536 leaves, and no more of them are good than there are
reject_batch_time = the batch's times are not in order, are ahead of the block's, or end more than 7 days before it
reject_unknown_plan = the genesis has no plan of this number
reject_plan_not_for_sale = the plan has no price: the authority sets it
reject_level_not_settable = only the levels 3 and 4 are set; 1 and 2 follow from what the chain has seen
reject_until_too_far = the time is further ahead than this may last, or no time at all
reject_held = a verifier holds the device
reject_wrong_kind = there is no such kind of device, or devices of this kind do not show a work rate
reject_other_customer = a listed device is counted on another customer's plan
reject_verifiers_full = there are 16 verifiers, the most there may be
reject_not_suspended = the device is not suspended, so there is nothing to reinstate
reject_device_changed = the device has another owner, key or standing than the one that this was meant for: look again
reject_beacon_used = the beacon is not newer than that of the device's last attestation, or older than its present key, owner or standing
reject_verified_before = a listed device has its present key, owner or standing only since after the batch's first verification: list it in the next one
reject_plan_runs = another plan runs, or none that the purchase names: name the plan that it is to replace, 0 for none
reject_statement_used = the old key has said so before, or later: sign anew, good for longer
reject_higher_class = the device has shown a higher class that still counts
reject_price_above = the plan costs more than the purchase allows: look at its price and allow it
registration_costs = it costs { $fee } THR, which are burned, beside the transaction's fee
device_has_changed = the device has changed since this was begun: what it showed before counts no more
device_has_changed_look = nothing was sent: see `thronos device show { $device }`, and run the command again
waits_for_beacon = the device has changed or shown something a moment ago: waiting for the next beacon
block_number = block { $height }
no_newer_beacon_came = no beacon came that is newer than what happened to the device
see_whether_chain_goes_on = see `thronos status` whether the chain goes on, and run the command again
nothing_was_sent_faster_machines = nothing was sent; half of the tries succeed at some { $rate }: have faster machines mine, or try again
secret_is_not_in_force = the secret is not this device's, or not any more
file_of_other_chain_name_its_genesis = name that chain's genesis with `--genesis FILE`
label_challenge_id = challenge id:
request_for_former_key = the service's key is another one since this request was made
